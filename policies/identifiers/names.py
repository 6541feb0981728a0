"""Common names, to see where a name begins: surnames (kanji and romaji) and English given names that are no other word."""

from __future__ import annotations

SURNAMES: frozenset[str] = frozenset(
    """佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 清水 山崎 池田 橋本 阿部 石川 山下 中島 石井
    小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 斉藤 福田 太田 西村 藤井 岡本 藤原 三浦 金子 中野 中山 原田 松田 竹内 小野 田村 和田
    中川 石田 上田 森田 原田 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 高田 藤本 武田 村田 上野 杉山 増田 平野 大塚 千葉 久保
    松井 小島 岩崎 桜井 野口 松尾 野村 木下 菊地 佐野 大西 杉本 新井 浜田 菅原 市川 水野 小松 島田 古川 小山 高野 西田 菊池 山内 西川 五十嵐 北村
    安田 中田 川口 平田 川崎 飯田 吉川 本田 久保田 沢田 辻 関 吉村 渡部 岩田 中西 服部 樋口 福島 川上 永井 松岡 田口 山中 森本 土屋 矢野 秋山 石原
    松下 大橋 松浦 吉岡 小池 馬場 浅野 荒木 大久保 野田 小沢 田辺 川村 星野 黒田 堀 尾崎 望月 永田 熊谷 内藤 松村 西山 大谷 平井 大島 岩本 片山 本間
    早川 横田 岡崎 荒井 大石 鎌田 成田 宮田 小田 石橋 篠原 須藤 河野 大沢 小西 南 高山 栗原 伊東 松原 三宅 福井 大森 奥村 岡 内山 片岡 渡邊 齋藤
    髙橋 桑原 関口 北川 川島 松永 奥田 白石 土井 河合 東 金井 村松 向井 浅井 平山 児玉 根本 上原 富田 川端 柳田 比嘉 金城 大城 宮城 新垣 玉城 島袋
    白井 平川 坂口 今村 川田 菅野 宮下 黒木 田島 津田 榎本 小泉 神田 植田 柏木 桐生 一ノ瀬 勅使河原 長尾 堀内 佐伯 高島 西尾 西岡 武藤 江口 中井
    青山 若林 相沢 安部 井口 飯塚 石黒 石塚 泉 稲垣 岩井 植木 臼井 梅田 大川 大竹 大山 緒方 小倉 笠原 梶原 川本 木原 窪田 小野寺 坂井 坂田 佐久間
    塩田 下田 新谷 菅 須田 瀬戸 関根 高井 滝沢 竹田 谷 田原 堤 土田 戸田 中原 長島 永野 中本 西 野崎 萩原 畠山 日高 広瀬 深沢 藤川 藤沢 古田 細川
    堀江 牧野 町田 三上 水谷 三好 村井 村山 森 森川 森下 八木 柳 山岸 山根 山村 湯浅 横井 吉野 若松 鷲尾 早乙女 見本 葛西 小笠原""".split()
)
"""Kanji surnames, after :func:`~policies.identifiers.normal.fold_names` as well as before."""

ROMAJI_SURNAMES: frozenset[str] = frozenset(
    """sato satou suzuki takahashi tanaka ito itou watanabe yamamoto nakamura kobayashi kato katou yoshida yamada sasaki yamaguchi matsumoto
    inoue kimura saito saitou shimizu yamazaki yamasaki ikeda hashimoto abe ishikawa yamashita nakajima ishii ogawa maeda okada hasegawa fujita
    goto gotou kondo kondou murakami endo endou aoki sakamoto fukuda nishimura fujii okamoto fujiwara miura kaneko nakano nakayama harada matsuda
    takeuchi tamura nakagawa ishida ueda morita shibata sakai kudo yokoyama miyazaki miyamoto uchida takagi ando andou taniguchi ohno maruyama
    imai takada fujimoto takeda murata ueno sugiyama masuda hirano otsuka chiba kubo matsui kojima iwasaki sakurai noguchi matsuo nomura kinoshita
    kikuchi sano onishi sugimoto arai hamada ichikawa mizuno komatsu shimada furukawa koyama takano nishida yamauchi nishikawa igarashi kitamura
    yasuda nakata kawaguchi hirata kawasaki iida yoshikawa honda kubota sawada higuchi kawakami matsuoka taguchi yamanaka morimoto akiyama""".split()
)
"""Surnames in Latin letters, lower case."""

GIVEN_NAMES: frozenset[str] = frozenset(
    """James Robert John Michael David William Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Donald Steven Andrew Paul Joshua
    Kenneth Kevin Brian George Timothy Ronald Jason Edward Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon
    Benjamin Samuel Gregory Alexander Patrick Raymond Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Zachary Douglas Peter Kyle Noah Ethan Jeremy
    Walter Christian Keith Roger Terry Harry Sean Gerald Carl Arthur Lawrence Dylan Jesse Bryan Joe Bruce Gabriel Logan Alan Juan Albert Willie
    Elijah Wayne Vincent Philip Bobby Johnny Bradley Simon Graham Nigel Oliver Liam Lucas Oscar Hugo Felix Colin Ian Stuart Neil Gavin Martin
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley Kimberly Emily Donna Michelle
    Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela Nicole Anna Samantha
    Katherine Christine Debra Rachel Carolyn Janet Maria Olivia Heather Helen Catherine Diane Julie Victoria Joyce Lauren Kelly Christina Ruth Joan
    Evelyn Judith Andrea Hannah Megan Cheryl Jacqueline Martha Madison Teresa Gloria Sara Janice Ann Kathryn Abigail Sophia Frances Jean Alice Judy
    Isabella Julia Grace Denise Amber Marilyn Beverly Danielle Theresa Sophie Diana Brittany Natalie Isabel Charlotte Chloe Fiona Priya Aisha
    Mohammed Muhammad Ahmed Ali Omar Carlos Luis Miguel Sofia Lucia Elena Ivan Dmitri Olga Natasha Hans Klaus Jürgen Ingrid Pierre François Giulia
    Marco Luca Wei Mei Yuki Haruka Misaki Takeshi Kenji Hiroshi Taro Hanako Yuko Akiko Keiko Naoko Satoshi Kenta Daiki Sakura Yui Rina Aoi Mao""".split()
)
"""Given names as written, capital first."""

_ALSO_WORDS = frozenset(("Grace", "Amber", "Christian", "Madison", "Victoria", "Charlotte", "Joy", "Sakura", "Mao", "Aoi", "Jean", "Logan", "Tyler", "Scott"))  # fmt: skip
FIRM_GIVEN_NAMES = GIVEN_NAMES - _ALSO_WORDS
"""Given names that, before another capitalised word, are hardly anything else."""

ORDINARY_WORDS: frozenset[str] = frozenset(
    """abbey angel april art ash august autumn basil berry bill bliss blossom brook buddy candy carol chance charity charm chase chip christian cliff clay crystal daisy
    dale dawn dean dee dream drew earl eve faith fern flora ford frank gale gene ginger glen grace grant guy hazel heath holly honey hope hunter iris ivy jack jade
    jasmine jewel joy june lance laurel lee lily mark marina mason max may melody mercy merry miles mint misty myrtle olive opal page pat patience
    pearl penny peg pepper pierce poppy prince princess queenie rain ray red reed rich river rob robin rock rocky rod rose ruby rusty sage sandy scarlet sky sonny
    star stone sue summer sunny sunshine tiger tom trinity tuesday van velvet verity victor violet wade will willow winter wren you
    able archer arms baker ball banks barber barn bean bear beer bell berry best bird bishop black blue board bond book booth bowl box boy branch bread bridge
    bright brown bull bush butcher butler butter cake camp cannon carpenter carter case cash castle chapman child church city clean clear close coffee cold cook
    cooper corn cotton court cream crisp cross cup curry dark day days deal deep down drake drink east easy elder english farmer field finch fine fish fisher
    flower flowers food forest fox free freeman french fresh friend frost fry full fuller game garden gate gift glass gold golden good grain gray great green grey
    ground grove hall hand hands hart hay head heart high hill hood house hunt key king knight lake lamb land lane large leaf less light little lock long
    love low lucky major make man march market marsh mat meadow meat mild mill miller moon moor more moss new night noble north oats orange page park parsons
    peach penn period pickle pine pink plain pope post pot potter pound power price pride proper purple quick rice ring road roast roots rush sale salt sand
    savage sea season seed sharp shepherd ship shop short silk silver sky small smart smith snow south spring steel stock storm street strong style sugar sweet
    swift table tanner taylor tea temple thorn thrush time top tower town tree turner vine wall ward warm waters way weather weaver week wells west wheat wheeler
    white wild wind wine winner wise wolf wood woods work world year young""".split()
)
"""English words, lower case, that are somebody's given name or surname too: where a text is full of them, only capitals make a name."""

NOT_NAMES_WITH_HONORIFIC: frozenset[str] = frozenset(
    """奥様 奥さん 神様 神殿 王様 宮様 宮殿 本殿 源氏 平氏 多様 一様 同様 仕様 模様 異様 有様 左様 各様 別様 無様 何様 仏様 仏さん 客様 客さん 旦那様 殿様 姫様 若様 若殿
    皆様 皆さん 貴様 御殿 沈殿 湯殿 拝殿 外様 父様 母様 父さん 母さん 兄さん 姉さん 娘さん 息子さん 孫さん 嫁さん 婿さん 妹さん 弟さん 親御さん 赤ちゃん 坊ちゃん 花屋さん
    本屋さん 酒屋さん 米屋さん 魚屋さん 肉屋さん 床屋さん 八百屋さん 大工さん 屋さん 主君 諸君 名君 諸氏 両氏 同氏 某氏 華氏 摂氏 彼氏 隣さん 巫女さん
    おくさま おくさん おうさま おうさん たくさん みなさま みなさん かみさま かみさん とうさん かあさん にいさん ねえさん おじさん おばさん おじさま おばさま じいさん ばあさん
    むすこさん むすめさん まごさん よめさん ひとさま おひさま おつきさま ごちそうさま おかげさま おつかれさま ごくろうさま やさん この様 その様 あの様 どの様 このさま そのさま""".split()
)
"""Words of Japanese that end as a surname with its honorific does, though the part before is a surname too."""

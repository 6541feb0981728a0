"""The command line: parse, build, call, print.  Heavy imports stand inside the commands, so that help answers at once."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.errors import EnishiError, InputError

if TYPE_CHECKING:
    from agent.batch.run import Progress
    from agent.enishi import Enishi
    from retrieval.notes.search import Answer

app = typer.Typer(
    name="enishi", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Enishi (縁): for each customer the next-best action, a drafted message, provable rules, and a person who approves.",
)  # fmt: skip
batch = typer.Typer(no_args_is_help=True, help="The campaign manager's run over every customer.")
review = typer.Typer(no_args_is_help=True, help="The approval queue.")
notes = typer.Typer(no_args_is_help=True, help="What was written about the customers: find it again, erase it.")
audit_log = typer.Typer(no_args_is_help=True, help="The append-only audit log.")
app.add_typer(batch, name="batch")
app.add_typer(review, name="review")
app.add_typer(notes, name="notes")
app.add_typer(audit_log, name="audit")

Folder = Annotated[Path, typer.Option("--home", envvar="ENISHI_HOME", help="The home folder.", show_default=".enishi")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="ISO 8601 with offset; nothing later is seen. Default: now."),
]
Writer = Annotated[
    str, typer.Option("--drafter", metavar="WHO", help="template, or model: the language model of the settings.")
]
Actor = Annotated[str, typer.Option("--as", metavar="USER", help="Who is acting.", envvar="ENISHI_USER")]
HOME = Path(".enishi")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 the answer is no, 2 input or settings are wrong, 3 something is out of reach."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        code = app(words, standalone_mode=False)
    except EnishiError as error:
        if debug:
            raise
        _stop(str(error), error.exit_code)
    except typer.TyperException as error:
        said = error.format_message()
        print(said if said.startswith("Usage:") else f"enishi: {said}", file=sys.stderr)
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        _stop("stopped", 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        # Its text may hold what a customer's record holds.
        _stop(f"{type(error).__name__} (add --debug to see where)", 3)
    sys.exit(code if isinstance(code, int) else 0)


def _stop(sentence: str, code: int) -> None:
    print(f"enishi: {sentence}", file=sys.stderr)
    sys.exit(code)


def _open(home: Path) -> Enishi:
    from agent.enishi import Enishi

    return Enishi.open(home)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not an ISO 8601 time such as 2026-05-14T10:30:00+09:00", key="--as-of") from None
    if moment.tzinfo is None:
        raise InputError(f"'{text}' has no offset; write for example {text}+09:00", key="--as-of")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InputError(f"'{text}' lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}", key="--as-of")
    return moment


def _user() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or "local"


def _emit(content: Any) -> None:
    from agent.showing import emit

    emit(content)


def _emit_line(content: Any) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))


def _text(path: str) -> str:
    """A file's text, ``-`` for standard input."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", file=path) from None
    return text


def _lines(path: str) -> Iterable[tuple[int, str]]:
    """Numbered lines of a JSON Lines file, ``-`` for standard input; empty lines are passed over."""
    text = _text(path)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InputError("is empty; one JSON record per line is expected", file=path)
    return lines


@app.command()
def init(home: Folder = HOME, json: Json = False, as_of: AsOf = None) -> None:
    """Make a new, empty home with a commented enishi.toml."""
    from agent.settings import init_home

    path = init_home(home)
    _emit({"home": str(home), "settings": str(path)}) if json else print(
        f"made {path}\nnext: fill in [shops.main], then 'enishi import PATH…'"
    )


@app.command()
def demo(
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
    customers: Annotated[int, typer.Option("--customers", min=50, max=5_000_000, help="How many, when a sample home is made.")] = 300,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes. Default: one per core.")] = None,
    drafter: Writer = "template",
) -> None:  # fmt: skip
    """Make a sample home if there is none, run the main job on it, show what came out and what was stopped."""
    from agent.demo.show import run_demo

    run_demo(
        home, customers=customers, as_of=_moment(as_of) if as_of else None, json=json, workers=workers, drafter=drafter
    )


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders: CSV, JSONL, Parquet, Excel, each may be gzipped.")],
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
    mapping: Annotated[str | None, typer.Option("--map", metavar="FILE", help="A mapping (YAML), or the name of a shipped one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")] = False,
) -> None:  # fmt: skip
    """Bring a shop's files into the history. Importing the same files again changes nothing; bad rows go to a quarantine file."""
    from agent.showing import import_json, import_progress, show_import
    from retrieval.importing import import_paths, load_mapping

    with _open(home) as enishi:
        found = load_mapping(mapping) if mapping else None
        quarantine = home / "quarantine" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
        with import_progress() as told:
            report = import_paths(
                enishi.engine,
                paths,
                mapping=found,
                dry_run=dry_run,
                quarantine=quarantine,
                progress=told,
                now=_moment(as_of),
                zone=str(enishi.home.zone),
            )
        if not dry_run:
            enishi.known()
    _emit(import_json(report)) if json else show_import(report)


@app.command()
def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID")],
    record: Annotated[
        bool, typer.Option("--record", help="The customer record, one JSON line, as recommend --records takes it.")
    ] = False,
    home: Folder = HOME,
    json: Json = False,
    as_of: AsOf = None,
) -> None:
    """One page about one customer: profile, consents, timeline, pressure, next-best actions."""
    from agent.showing import customer_page, show_customer

    with _open(home) as enishi:
        if record:
            _emit_line(enishi.record(customer_id, as_of=_moment(as_of)))
            return
        page = customer_page(enishi, customer_id, _moment(as_of))
    _emit(page) if json else show_customer(page)


@app.command()
def recommend(
    customer_id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    records: Annotated[str | None, typer.Option("--records", metavar="FILE.jsonl", help="Customer records, one per line, '-' for standard input.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="With --records: write and judge the message too.")] = False,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Decide what to do for one customer, or for each record of a file (nothing is stored then)."""
    from agent.showing import show_recommendation

    if (customer_id is None) == (records is None):
        raise InputError("give a customer ID or --records FILE, one of the two", key="recommend")
    if records is not None:
        _recommend_records(records, home, draft)
        return
    with _open(home) as enishi:
        found = enishi.recommend(str(customer_id), as_of=_moment(as_of))
    _emit(found.answer) if json else show_recommendation(found.answer)


def _recommend_records(path: str, home: Path, draft: bool) -> None:
    """Answers in the order asked; a wrong record is told on standard error, the others are answered, and the exit code is 2."""
    from agent.enishi import Enishi
    from agent.settings import Home, Settings, open_home

    enishi = Enishi(open_home(home) if (home / "enishi.toml").is_file() else Home(home, Settings()))
    wrong = 0
    for number, line in _lines(path):
        try:
            _emit_line(enishi.recommend_record(line, file=path, line=number, draft=draft))
        except InputError as error:
            wrong += 1
            print(f"enishi: {error}", file=sys.stderr)
    sys.stdout.buffer.flush()
    if wrong:
        raise InputError(f"{wrong} record{'s' if wrong > 1 else ''} could not be read", file=path)


@app.command()
def why(
    customer_id: Annotated[str, typer.Argument(metavar="ID")],
    action: Annotated[str | None, typer.Option("--action", metavar="A")] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="C")] = None,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """For each action: chosen, lost and by how much, or excluded: the clause, the value seen, what would have to change."""
    from agent.showing import show_why

    with _open(home) as enishi:
        rows = enishi.why(enishi.frames(customer_id, as_of=_moment(as_of)), action=action, channel=channel)
    _emit(rows) if json else show_why(customer_id, rows, enishi.world.catalogue)


@app.command()
def draft(
    customer_id: Annotated[str, typer.Argument(metavar="ID")],
    action: Annotated[str | None, typer.Option("--action", metavar="A")] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="C")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="L", help="ja or en. Default: the customer's.")] = None,
    ask: Annotated[str, typer.Option("--ask", metavar="TEXT", help="A wish about the words, such as \"shorter\"; for a model.")] = "",
    drafter: Writer = "template", home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Decide, draft, judge and put one message in the approval queue."""
    from agent.drafting import Draft
    from agent.enishi import draft_json
    from agent.showing import show_draft, show_recommendation

    with _open(home) as enishi:
        made = enishi.draft(
            customer_id,
            action=action,
            channel=channel,
            language=lang,
            as_of=_moment(as_of),
            requested_by=actor or _user(),
            drafter=drafter,
            ask=ask,
        )
    if isinstance(made, Draft):
        _emit(draft_json(made)) if json else show_draft(draft_json(made))
        raise typer.Exit(1 if made.verdict == "block" else 0)
    _emit(made.answer) if json else show_recommendation(made.answer)


@app.command()
def scan(
    requests: Annotated[str, typer.Option("--requests", metavar="FILE.jsonl", help="Texts, one JSON object per line, '-' for standard input.")],
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Find identifiers of people in texts: {"id","text","lang","facts"?,"known"?} in, {"id","spans"} out, one line each."""
    from policies.identifiers.requests import answer_line

    wrong = asked = 0
    for number, line in _stream(requests):
        asked += 1
        try:
            _emit_line(answer_line(line, file=requests, number=number))
        except InputError as error:
            wrong += 1
            print(f"enishi: {error}", file=sys.stderr)
    sys.stdout.buffer.flush()
    if not asked:
        raise InputError("is empty; one JSON object per line is expected", file=requests)
    if wrong:
        raise InputError(f"{wrong} request{'s' if wrong > 1 else ''} could not be read", file=requests)


def _stream(path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a JSON Lines file as they come, ``-`` for standard input; empty lines are passed over."""
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                kept = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if kept:
                    yield number, kept
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from None


@app.command()
def check(
    requests: Annotated[str, typer.Option("--requests", metavar="FILE.jsonl", help="Finished messages, one per line, '-' for standard input.")],
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Judge finished messages: one verdict per line; a table on a terminal, JSON Lines elsewhere or with --json."""
    from agent.checking import verdicts
    from agent.showing import show_verdict
    from policies.catalogue import load_catalogue

    catalogue = load_catalogue(home / "policies")
    wrong = blocked = 0
    for found in verdicts(iter(_lines(requests)), catalogue, requests):
        if isinstance(found, InputError):
            wrong += 1
            print(f"enishi: {found}", file=sys.stderr)
            continue
        blocked += found.verdict == "block"
        show_verdict(found) if sys.stdout.isatty() and not json else _emit_line(found.json())
    sys.stdout.flush()
    if wrong:
        raise InputError(f"{wrong} request{'s' if wrong > 1 else ''} could not be read", file=requests)
    raise typer.Exit(1 if blocked else 0)


@app.command()
def replay(
    decision_id: Annotated[str, typer.Argument(metavar="DECISION")],
    home: Folder = HOME,
    json: Json = False,
    as_of: AsOf = None,
) -> None:
    """Recompute a stored decision from the history and compare it byte for byte."""
    with _open(home) as enishi:
        difference = enishi.replay(decision_id)
    if json:
        _emit({"decision_id": decision_id, "identical": difference is None, "first_difference": difference})
    else:
        print(f"{decision_id}: identical" if difference is None else f"{decision_id}: {difference}")
    raise typer.Exit(0 if difference is None else 1)


# --- batch ----------------------------------------------------------------------------------------------------------


@batch.command("run")
def batch_run(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    segment: Annotated[str, typer.Option("--segment", metavar="EXPR", help="A condition about the customer, such as \"orders_n >= 2\".")] = "",
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes. Default: one per core.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="local: worker processes on this machine.")] = "local",
    drafter: Writer = "template",
    overnight: Annotated[bool, typer.Option("--overnight", help="With --drafter model: ask through the provider's batch interface, for less; 'resume' fetches the answers.")] = False,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Decide, draft and judge for every customer, and put the drafts in the approval queue."""
    from agent.batch.run import begin

    if engine != "local":
        raise InputError(f"unknown engine '{engine}' — one of: local", key="--engine")
    with _open(home) as enishi:
        begin(
            enishi,
            name,
            as_of=_moment(as_of),
            at=datetime.now(UTC),
            segment=segment,
            requested_by=actor or _user(),
            drafter=drafter,
            overnight=overnight,
        )
        _go_on(enishi, name, workers, json)


@batch.command("resume")
def batch_resume(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    workers: Annotated[int | None, typer.Option("--workers", min=1)] = None,
    now: Annotated[bool, typer.Option("--now", help="Wait no longer for what went overnight: ask for what has not come at once.")] = False,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Go on with a run that was stopped or went overnight; what is done stays done. Exit 1 while the provider is not ready."""
    with _open(home) as enishi:
        state = _go_on(enishi, name, workers, json, now=now)
    raise typer.Exit(0 if state.run.state == "done" else 1)


def _go_on(enishi: Enishi, name: str, workers: int | None, json: bool, *, now: bool = False) -> Progress:
    from agent.batch.local import run_locally
    from agent.showing import batch_progress, progress_json, show_funnel

    with batch_progress(name) as told:
        state = run_locally(enishi, name, workers=workers, watch=told, now=now)
    _emit(progress_json(state)) if json else show_funnel(state)
    return state


@batch.command("status")
def batch_status(
    name: Annotated[str, typer.Argument(metavar="NAME")], home: Folder = HOME, json: Json = False, as_of: AsOf = None
) -> None:
    """How far a run is, with its funnel and how alike its messages read."""
    from agent.batch.run import progress
    from agent.batch.sameness import lots_of
    from agent.showing import lot_json, progress_json, show_funnel, show_lots

    with _open(home) as enishi:
        state: Progress = progress(enishi.engine, name)
        lots = lots_of(enishi.engine, name)
    if json:
        _emit({**progress_json(state), "sameness": [lot_json(lot) for lot in lots]})
    else:
        show_funnel(state)
        show_lots(lots)


@batch.command("list")
def batch_list(home: Folder = HOME, json: Json = False, as_of: AsOf = None) -> None:
    """Every run, the newest first."""
    from agent.batch.run import all_runs
    from agent.showing import run_json, show_runs

    with _open(home) as enishi:
        found = all_runs(enishi.engine)
    _emit([run_json(run) for run in found]) if json else show_runs(found)


@batch.command("cancel")
def batch_cancel(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    home: Folder = HOME,
    json: Json = False,
    as_of: AsOf = None,
    actor: Actor = "",
) -> None:
    """Stop a run and take back its drafts that nobody has decided on, and its copies that are with a provider."""
    from agent.batch.overnight import cancelled
    from agent.batch.run import cancel
    from retrieval.errors import Unreachable

    with _open(home) as enishi:
        taken = cancel(enishi, name, actor=actor or _user(), at=_moment(as_of))
        untold = cancelled(enishi, name)
    _emit({"run": name, "taken_back": taken, **({"untold": untold} if untold else {})}) if json else print(
        f"run {name} is cancelled; {taken:,} undecided drafts taken back"
    )
    if untold:
        raise Unreachable(
            f"the provider could not be told to stop {', '.join(untold)}: it may write, and charge for it"
        )


# --- review ---------------------------------------------------------------------------------------------------------


@review.command("list")
def review_list(
    state: Annotated[str, typer.Option("--state", help="pending, approved, rejected, expired, stale or all.")] = "pending",
    run: Annotated[str | None, typer.Option("--run", metavar="NAME")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="A")] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="C")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="L")] = None,
    verdict: Annotated[str | None, typer.Option("--verdict", help="pass, flag or block.")] = None,
    customer_id: Annotated[str | None, typer.Option("--customer", metavar="ID")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0)] = 0,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """What waits for a person: those that can be approved first, the most valuable on top."""
    from agent.review.queue import STATES, Filters, listing
    from agent.showing import show_queue
    from retrieval.database import reading
    from retrieval.errors import nearest

    if state not in (*STATES, "all"):
        raise InputError(f"unknown state '{state}'{nearest(state, (*STATES, 'all'))}", key="--state")
    wanted = Filters(None if state == "all" else state, run, action, channel, lang, verdict, customer_id)
    with _open(home) as enishi, reading(enishi.engine) as connection:
        total, rows = listing(connection, wanted, limit=limit, offset=offset)
    _emit({"total": total, "offset": offset, "drafts": rows}) if json else show_queue(total, rows, offset)


@review.command("show")
def review_show(
    draft_id: Annotated[str, typer.Argument(metavar="DRAFT")],
    home: Folder = HOME,
    json: Json = False,
    as_of: AsOf = None,
) -> None:
    """One draft whole: words, facts with their source, reasons, verdict, history."""
    from agent.review.queue import shown
    from agent.showing import show_review, suspicious_notes
    from retrieval.database import reading

    with _open(home) as enishi, reading(enishi.engine) as connection:
        found = shown(connection, draft_id)
        found["suspicious_notes"] = suspicious_notes(enishi, found["customer_id"], _moment(as_of))
        catalogue = enishi.world.catalogue
    _emit(found) if json else show_review(found, catalogue)


@review.command("approve")
def review_approve(
    draft_ids: Annotated[list[str], typer.Argument(metavar="DRAFT…")],
    digest: Annotated[str | None, typer.Option("--digest", help="The digest that was shown: approves exactly that, one draft.")] = None,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Approve drafts as they are shown; each is judged again and its contact reserved."""
    from agent.review.transitions import approve

    if digest and len(draft_ids) > 1:
        raise InputError("a digest belongs to one draft", key="--digest")
    _move(
        home,
        json,
        draft_ids,
        "approved",
        lambda enishi, one: approve(enishi, one, actor=actor or _user(), at=_moment(as_of), seen=digest),
    )


@review.command("reject")
def review_reject(
    draft_ids: Annotated[list[str], typer.Argument(metavar="DRAFT…")],
    reason: Annotated[str, typer.Option("--reason", help="wrong_fact, wrong_action, wrong_timing, tone, too_personal, compliance, duplicate or other.")],
    note: Annotated[str, typer.Option("--note", help="In your own words.")] = "",
    home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Reject drafts with a reason; an approved one that has not left gives its contact back."""
    from agent.review.transitions import reject

    _move(
        home,
        json,
        draft_ids,
        "rejected",
        lambda enishi, one: reject(enishi, one, actor=actor or _user(), at=_moment(as_of), reason=reason, note=note),
    )


@review.command("edit")
def review_edit(
    draft_id: Annotated[str, typer.Argument(metavar="DRAFT")],
    body: Annotated[Path | None, typer.Option("--body", metavar="FILE", help="New body, '-' for standard input. Default: your $EDITOR.")] = None,
    subject: Annotated[str | None, typer.Option("--subject")] = None,
    title: Annotated[str | None, typer.Option("--title")] = None,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Change the words; every guard judges the new revision."""
    from agent.review.queue import shown
    from agent.review.transitions import edit
    from retrieval.database import reading

    with _open(home) as enishi:
        if body is None and subject is None and title is None:
            with reading(enishi.engine) as connection:
                before = shown(connection, draft_id)["body"]
            words: str | None = _edited(before)
        else:
            words = None if body is None else _text(str(body))
    text = words.strip() if words is not None else None
    moment = _moment(as_of)
    _move(
        home,
        json,
        [draft_id],
        "pending",
        lambda enishi, one: edit(
            enishi, one, actor=actor or _user(), at=moment, body=text, subject=subject, title=title
        ),
    )


def _edited(text: str) -> str:
    """The text as it comes back from $VISUAL or $EDITOR."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "message.txt"
        path.write_text(text, encoding="utf-8")
        if subprocess.run([*shlex.split(editor), str(path)], check=False).returncode:
            raise InputError(f"the editor '{editor}' ended with an error; nothing was stored", key="EDITOR")
        return _text(str(path))


def _move(home: Path, json: bool, draft_ids: list[str], wanted: str, move: Callable[[Enishi, str], Any]) -> None:
    """Move each draft by itself; exit 1 when one of them did not get where it should."""
    from agent.review.transitions import ReviewRefused
    from agent.showing import show_moved
    from agent.store import finding_json

    told: list[dict[str, Any]] = []
    with _open(home) as enishi:
        for one in draft_ids:
            try:
                moved = move(enishi, one)
                told.append(
                    {
                        "draft": one,
                        "state": moved.state,
                        "findings": [finding_json(finding) for finding in moved.findings],
                    }
                )
            except ReviewRefused as error:
                told.append({"draft": one, "state": None, "refused": str(error), "findings": []})
    _emit(told) if json else show_moved(told)
    raise typer.Exit(0 if all(one["state"] == wanted for one in told) else 1)


# --- notes ----------------------------------------------------------------------------------------------------------


Count = Annotated[int, typer.Option("--k", min=1, max=1000, help="How many notes at most.")]
Language = Annotated[str | None, typer.Option("--lang", metavar="L", help="Only notes in ja or en. Default: both.")]


@notes.command("search")
def notes_search(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A few words, Japanese or English.")],
    lang: Language = None, count: Count = 5, home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """The notes of one customer that answer a question, the best first."""
    with _open(home) as enishi:
        found = enishi.notes.search(customer_id, query, as_of=_moment(as_of), count=count, language=lang)
    if json:
        _emit({"customer_id": customer_id, **found.json()})
    elif not found.notes:
        print(f"nothing was written about {customer_id}" + (f" in {lang}" if lang else ""))
    else:
        _print_notes(found)


@notes.command("find")
def notes_find(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A few words, Japanese or English.")],
    lang: Language = None, count: Count = 5, home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """The notes of all customers that answer a question, through the index."""
    with _open(home) as enishi:
        found = enishi.notes.find(query, as_of=_moment(as_of), count=count, language=lang)
    _emit(found.json()) if json else _print_notes(found, whose=True)


def _print_notes(found: Answer, *, whose: bool = False) -> None:
    from unicodedata import category

    if not found.hits:
        print(f"none of {found.notes:,} notes answers '{found.query}'")
    for hit in found.hits:
        one = hit.json()
        owner = f"{one['customer_id']}  " if whose else ""
        direction = f" {one['direction']}" if one["direction"] else ""
        print(
            f"{one['score']:.2f}  {owner}{one['at']}  {one['source']}{direction}  {' '.join(one['concepts'])}".rstrip()
        )
        if one["suspicious"]:
            print(f"      reads like an instruction to a machine: {', '.join(one['suspicion'])}")
        for line in one["text"].splitlines():
            print("      " + "".join("\ufffd" if category(letter)[0] == "C" else letter for letter in line))


@notes.command("index")
def notes_index(
    server: Annotated[str | None, typer.Option("--server", metavar="URL", help="A Chroma server; '' for the home. Default: where it is.")] = None,
    embeddings: Annotated[str | None, typer.Option("--embeddings", help="grams (no model), minilm (English, on this machine) or openai. Default: as it is, at first grams.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="M", help="With openai: the embedding model.")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", metavar="URL", help="With openai: any compatible endpoint.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew from the database.")] = False,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Bring the note index to what the database holds: for 'notes find', and for searching with a model's vectors."""
    from dataclasses import asdict

    from agent.showing import import_progress
    from retrieval.importing import Progress as Step

    with _open(home) as enishi, import_progress() as told:
        made = enishi.notes.index(
            server=server, embedder=embeddings, model=model, base_url=base_url, rebuild=rebuild,
            told=lambda done, total: told(Step(None, "notes", done, total)),
        )  # fmt: skip
    about, change = made.about, made.change
    if json:
        _emit({"index": asdict(about), **asdict(change)})
    else:
        vectors = f"{about.embedder} {about.model}" if about.model else about.embedder
        place = about.server or home / "notes"
        print(f"{change.notes:,} notes in {place} ({vectors}): {change.added:,} added, {change.dropped:,} dropped")


@notes.command("erase")
def notes_erase(
    customer_ids: Annotated[list[str], typer.Argument(metavar="CUSTOMER…")],
    home: Folder = HOME, json: Json = False, as_of: AsOf = None, actor: Actor = "",
) -> None:  # fmt: skip
    """Erase what was written about customers, down to the bytes; exit 1 when the words still stand in a file of the home."""
    with _open(home) as enishi:
        erased = enishi.erase_notes(*customer_ids, actor=actor or _user(), at=_moment(as_of))
        server = enishi.notes.server
    remains = [str(path) for path in erased.remains]
    if json:
        _emit(
            {
                "customers": customer_ids,
                "notes": erased.notes,
                "indexed": erased.indexed,
                "remains": remains,
                "server": server,
            }
        )
    else:
        print(f"{erased.notes:,} notes erased, {erased.indexed:,} taken out of the index")
        for path in remains:
            print(f"the words still stand in {path}: delete it if it is a file they were imported from")
        if server:
            print(
                f"{server} keeps bytes in its database until its operator stops it and runs 'chroma vacuum --path ITS_FOLDER'"
            )
    raise typer.Exit(1 if remains else 0)


# --- audit ----------------------------------------------------------------------------------------------------------


@audit_log.command("verify")
def audit_verify(home: Folder = HOME, json: Json = False, as_of: AsOf = None) -> None:
    """Check the whole chain of the audit log."""
    from agent.review.audit import verify
    from retrieval.database import reading

    with _open(home) as enishi, reading(enishi.engine) as connection:
        count, broken = verify(connection)
    _emit({"entries": count, "broken": broken}) if json else print(f"{count:,} entries: {broken or 'the chain holds'}")
    raise typer.Exit(1 if broken else 0)

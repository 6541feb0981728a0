"""What people wrote about a customer: concept tags, and finding the right note again."""

"""A Restante device in Python, written from the chapters of `spec/` alone.

Read it in this order: `device` (what is sent when), `instructions` (what a mailbox asks for),
`poll_requests` and `calls` (chapter 11), then what they stand on.
"""

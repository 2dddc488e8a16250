"""A mail server that pipes what it takes into a command, as Postfix does.

Usage: mail_server.py HOLD LOG COMMAND...

It prints its port. Mails wait while the file HOLD is there. Each is delivered twice, since mails
come twice; one for which the command exits with 75 is kept and tried again. LOG gets a line for
each mail that is taken and for each delivery, with the exit status.
"""

import asyncio
import os
import queue
import subprocess
import sys
import threading
import time

from aiosmtpd.smtp import SMTP

HOLD, LOG, COMMAND = sys.argv[1], sys.argv[2], sys.argv[3:]
SPOOL = queue.Queue()


def note(line):
    with open(LOG, "a", encoding="ascii") as log:
        log.write(line + "\n")


class Taking:
    async def handle_DATA(self, server, session, envelope):
        SPOOL.put(envelope.original_content)
        SPOOL.put(envelope.original_content)
        note(f"taken for {' '.join(envelope.rcpt_tos)}")
        return "250 taken"


def deliver():
    while True:
        mail = SPOOL.get()
        while True:
            while os.path.exists(HOLD):
                time.sleep(0.05)
            ended = subprocess.run(COMMAND, input=mail, stderr=subprocess.PIPE, check=False)
            note(f"delivered {ended.returncode} {ended.stderr.decode(errors='replace').strip()}")
            if ended.returncode != 75:
                break
            time.sleep(0.2)


async def serve():
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Taking()), "127.0.0.1", 0
    )
    threading.Thread(target=deliver, daemon=True).start()
    print(server.sockets[0].getsockname()[1], flush=True)
    # The test closes the pipe when it is over.
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(serve())

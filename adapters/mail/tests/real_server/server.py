"""A mail server with TLS and a login, as sites have them.

Usage: server.py LINE LOGIN CERTIFICATE KEY

LINE is tls, starttls or plain; LOGIN is a name and a password with a colon between them, or empty.
It prints its port, and "taken" for each mail.
"""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

LINE, LOGIN, CERTIFICATE, KEY = sys.argv[1:]


class Taking:
    async def handle_DATA(self, server, session, envelope):
        print("taken", flush=True)
        return "250 taken"


def admits(server, session, envelope, mechanism, login):
    presented = login.login + b":" + login.password
    return AuthResult(success=presented == LOGIN.encode(), handled=False)


async def serve():
    context = None
    if LINE != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
    starttls = LINE == "starttls"

    def conversation():
        return SMTP(
            Taking(),
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=admits,
            auth_required=bool(LOGIN),
            # aiosmtpd knows no TLS but its own STARTTLS.
            auth_require_tls=starttls,
            auth_exclude_mechanism=[] if LOGIN else ["LOGIN", "PLAIN"],
        )

    wrapped = context if LINE == "tls" else None
    server = await asyncio.get_running_loop().create_server(
        conversation, "127.0.0.1", 0, ssl=wrapped
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    # The test closes the pipe when it is over.
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(serve())

"""Registering by mail (chapter 13): one mail with the pair, handed to the site's mail server."""

import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from .world import Registration, Verdict

PATIENCE = 60


@dataclass(frozen=True)
class MailServer:
    """What a person has entered: the server, both addresses, and whether TLS is a must."""

    host: str
    port: int
    sender: str
    recipient: str
    tls: bool = True


def letter(registration: Registration, server: MailServer) -> EmailMessage:
    """The whole message stands in the body, and no credential in it. spec: MAIL-012"""
    mail = EmailMessage()
    mail["From"], mail["To"] = server.sender, server.recipient
    mail["Subject"] = "Registration for a service"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="device.invalid")
    message = {
        "register": {
            "url": registration.url,
            "device": registration.device,
            "code": registration.code,
        }
    }
    mail.set_content(json.dumps(message).encode(), "application", "vnd.restante+json", cte="base64")
    return mail


def post(registration: Registration, server: MailServer) -> Verdict:
    """Hands the mail over, or says that it was refused, or is to be tried again.

    A refusal is for good where the server has spoken of this mail with 5xx; before that, somebody
    mends what is wrong (13.3). spec: MAIL-014, MAIL-015, MAIL-016
    """
    try:
        with smtplib.SMTP(server.host, server.port, timeout=PATIENCE) as line:
            line.ehlo_or_helo_if_needed()
            if line.has_extn("starttls"):
                line.starttls(context=ssl.create_default_context())
                line.ehlo()
            elif server.tls:
                return Verdict.LATER
            said = handed_over(line, letter(registration, server), server)
    except smtplib.SMTPDataError as refused:
        said = refused.smtp_code
    except (OSError, smtplib.SMTPException):
        return Verdict.LATER
    if said < 400:
        return Verdict.TAKEN
    return Verdict.LATER if said < 500 else Verdict.REFUSED


def handed_over(line: smtplib.SMTP, mail: EmailMessage, server: MailServer) -> int:
    """The first reply about this mail that is none to go on by, or the last one."""
    said, _ = line.mail(server.sender)
    if said < 400:
        said, _ = line.rcpt(server.recipient)
    if said < 400:
        said, _ = line.data(mail.as_bytes())
    return said

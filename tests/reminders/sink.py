"""A real SMTP server's end, which keeps what arrives, and can fail on purpose."""

from __future__ import annotations

import socket
from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Keeps each message that it accepts. `answer`: what it says to the next ones, instead of accepting."""

    def __init__(self) -> None:
        self.arrived: list[Message] = []
        self.answer = ""
        # Called when a message has been accepted and before its sender is told.
        self.on_arrival: Callable[[], None] = lambda: None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer and self.answer != "hang up":
            return self.answer
        assert isinstance(envelope.content, bytes)
        self.arrived.append(message_from_bytes(envelope.content))
        self.on_arrival()
        if self.answer == "hang up":
            # Accepted, but nobody is told: the line goes dead before the answer.
            cast(WriteTransport, server.transport).abort()
        return "250 OK"

    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.arrived]


@contextmanager
def sink_on(port: int) -> Iterator[Sink]:
    sink = Sink()
    controller: Any = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

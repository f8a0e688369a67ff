"""An open loop of HTTP requests: each is sent when it is due, however the ones before it fare, and
its latency counts from then on."""

import re
import select
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

TIMEOUT_S = 10.0


@dataclass
class Outcome:
    due: float  # time.monotonic()
    seconds: float
    failure: str  # "" if the answer was 200
    version: str  # of the model that answered


@dataclass
class Connection:
    socket: socket.socket
    due: float | None = None  # of the request that waits for its answer
    answer: bytes = b""


@dataclass
class Load:
    """`rate` requests a second to `address`, from start() to stop()."""

    address: tuple[str, int]
    request: bytes
    rate: float
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._idle: deque[Connection] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> list[Outcome]:
        self._ended.set()
        self._thread.join()
        return self.outcomes

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set() or any(c.due for c in self._open.values()):
            now = time.monotonic()
            while due <= now and not self._ended.is_set():
                self._send(due)
                due += 1 / self.rate
            wait = max(0.0, due - time.monotonic())
            for fd, _ in self._poll.poll(wait if not self._ended.is_set() else 0.05):
                if fd in self._open:
                    self._receive(self._open[fd])
            self._give_up(now)
        for connection in list(self._open.values()):
            self._close(connection)

    def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.popleft()
            if connection.socket.fileno() >= 0:
                return connection
        s = socket.create_connection(self.address, timeout=TIMEOUT_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(s)
        self._open[s.fileno()] = connection
        self._poll.register(s, select.EPOLLIN)
        return connection

    def _send(self, due: float) -> None:
        try:
            connection = self._connection()
        except OSError as error:
            self._note(due, f"connecting: {error.strerror}")
            return
        connection.due, connection.answer = due, b""
        try:
            connection.socket.sendall(self.request)
        except OSError as error:
            self._fail(connection, f"sending: {error.strerror}")

    def _receive(self, connection: Connection) -> None:
        try:
            piece = connection.socket.recv(65536)
        except OSError as error:
            self._fail(connection, f"receiving: {error.strerror}")
            return
        if not piece:
            self._fail(connection, "closed before the answer")
            return
        connection.answer += piece
        head, end, body = connection.answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if not end or not length or len(body) < int(length[1]):
            return
        status = head[9:12].decode()
        version = re.search(rb'"model_version":"(\d+)"', body)
        self._note(
            connection.due,
            "" if status == "200" else status,
            version[1].decode() if version else "",
        )
        connection.due = None
        if re.search(rb"(?i)\r\nconnection: close", head):
            self._close(connection)
        else:
            self._idle.append(connection)

    def _note(self, due: float, failure: str, version: str = "") -> None:
        self.outcomes.append(Outcome(due, time.monotonic() - due, failure, version))

    def _fail(self, connection: Connection, why: str) -> None:
        if connection.due is not None:
            self._note(connection.due, why)
        connection.due = None
        self._close(connection)

    def _give_up(self, now: float) -> None:
        for connection in list(self._open.values()):
            if connection.due is not None and now - connection.due > TIMEOUT_S:
                self._fail(connection, "no answer in time")

    def _close(self, connection: Connection) -> None:
        self._open.pop(connection.socket.fileno(), None)
        connection.socket.close()


def summary(outcomes: list[Outcome]) -> str:
    failures = Counter(one.failure for one in outcomes if one.failure)
    times = sorted(one.seconds for one in outcomes if not one.failure) or [float("nan")]
    p50, p99 = (times[min(len(times) - 1, int(q * len(times)))] for q in (0.5, 0.99))
    return (
        f"{len(outcomes)} requests, {sum(failures.values())} failed {dict(failures) or ''}"
        f" p50 {1e3 * p50:.1f} ms, p99 {1e3 * p99:.1f} ms, longest {1e3 * times[-1]:.1f} ms"
    )

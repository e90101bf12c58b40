#!/usr/bin/env python3
"""Clients for the tests: exact ones that count every byte, and rude ones.

They are written against the socket module alone, so that a mistake in echolab's own
client or player cannot hide a mistake in its servers. `peers.py COMMAND --help` explains
each one. Exit code 0: all went as it should; 1: it did not, and a line says what.
"""
import argparse
import os
import random
import resource
import select
import selectors
import signal
import socket
import struct
import sys
import time

HOST = "127.0.0.1"
PATIENCE = float(os.environ.get("PATIENCE", 40))  # seconds until a server is said to hang


class Failed(Exception):
    """A server did not do what it must."""


def check(holds, words):
    if not holds:
        raise Failed(words)


def dial(port, timeout=PATIENCE):
    sock = socket.create_connection((HOST, port), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def reset(sock):
    """Leaves rudely: with a linger time of 0, close() sends RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def recv_exactly(sock, n, timeout=PATIENCE):
    got = b""
    sock.settimeout(timeout)
    while len(got) < n:
        part = sock.recv(n - len(got))
        check(part, f"end of stream after {len(got)} of {n} bytes")
        got += part
    return got


def ask(sock, text, timeout=PATIENCE):
    """Types text and checks that it comes back."""
    sock.sendall(text)
    got = recv_exactly(sock, len(text), timeout)
    check(got == text, f"sent {text!r}, heard {got!r}")


def answered(sock, text, timeout):
    """Does text (typed earlier) come back within the time?"""
    try:
        return recv_exactly(sock, len(text), timeout) == text
    except (socket.timeout, OSError):
        return False


def many_descriptors(n):
    """Raises our own limit; skips (exit code 77) when that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        if hard != resource.RLIM_INFINITY and hard < n:
            print(f"needs {n} descriptors, but may open only {hard}")
            sys.exit(77)
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


class Talk:
    """One client that writes and reads at the same time and compares all bytes."""

    def __init__(self, port, data, half_close=True):
        self.sock = dial(port)
        self.sock.setblocking(False)
        self.data = data
        self.half_close = half_close
        self.sent = 0
        self.heard = 0
        self.eof = False

    def interest(self):
        if self.sent < len(self.data):
            return selectors.EVENT_READ | selectors.EVENT_WRITE
        return selectors.EVENT_READ

    def on_event(self, events):
        if events & selectors.EVENT_WRITE and self.sent < len(self.data):
            self.sent += self.sock.send(self.data[self.sent:self.sent + 65536])
            if self.sent == len(self.data) and self.half_close:
                self.sock.shutdown(socket.SHUT_WR)
        if events & selectors.EVENT_READ:
            part = self.sock.recv(65536)
            self.eof = part == b""
            want = self.data[self.heard:self.heard + len(part)]
            check(part == want, f"wrong bytes after {self.heard} of {len(self.data)}")
            self.heard += len(part)
            check(not self.eof or self.heard == len(self.data),
                  f"end of stream after {self.heard} of {len(self.data)} bytes")

    def over(self):
        return self.heard == len(self.data) and self.sent == len(self.data)


def talk_all(talks, until, seconds=PATIENCE):
    """Lets all talk at once until until(talk) holds for each of them."""
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for talk in talks:
            selector.register(talk.sock, talk.interest(), talk)
        left = len(talks)
        while left > 0:
            ready = selector.select(end - time.monotonic())
            if time.monotonic() >= end:
                slow = [talk for talk in talks if not until(talk)]
                raise Failed(f"after {seconds} s {len(slow)} of {len(talks)} clients are not "
                             f"done; one heard {slow[0].heard} of {len(slow[0].data)} bytes")
            for key, events in ready:
                talk = key.data
                talk.on_event(events)
                if until(talk):
                    selector.unregister(talk.sock)
                    left -= 1
                else:
                    selector.modify(talk.sock, talk.interest(), talk)
    for talk in talks:
        talk.sock.close()


def echo(args):
    """BYTES random bytes come back identical (reads while it writes); with --eof the
    server also ends the stream after our half-close"""
    talk = Talk(args.port, os.urandom(args.bytes), half_close=not args.hold)
    talk_all([talk], lambda one: one.over() and (one.eof or not args.eof), args.within)


def stuff(sock):
    """Sends, and never reads, until nothing has fitted for a while; returns how much did."""
    sock.setblocking(False)
    pushed = 0
    last = time.monotonic()
    while time.monotonic() < last + 0.5:
        try:
            pushed += sock.send((b"%062d\r\n" % 0) * 1024)
            last = time.monotonic()
        except BlockingIOError:
            select.select([], [sock], [], 0.1)
    return pushed


def crowd(args):
    """CLIENTS clients with random data at once, among one that resets again and again, one
    that half-closes early and one that never reads"""
    unheard = dial(args.port)
    stuff(unheard)
    talks = [Talk(args.port, os.urandom(args.bytes)) for _ in range(args.clients)]
    for _ in range(20):
        rude = dial(args.port)
        rude.send(b"and gone\r\n")
        reset(rude)
    early = Talk(args.port, b"")
    early.sock.sendall(b"half\r\n")
    early.sock.shutdown(socket.SHUT_WR)
    early.data, early.sent = b"half\r\n", 6
    talk_all(talks + [early], lambda one: one.over() and one.eof, args.within)
    ask(dial(args.port), b"still there?\r\n")
    unheard.close()


def come_and_go(args):
    """COUNT clients, one after the other; each types a line, hears it and leaves, every
    fourth by a reset, every fourth without hearing"""
    for i in range(args.count):
        sock = dial(args.port)
        line = b"client %d\r\n" % i
        if i % 4 == 1:
            sock.sendall(line)
        else:
            ask(sock, line)
        if i % 4 == 2:
            reset(sock)
        else:
            sock.close()


def idle(args):
    """COUNT silent clients, and one that types ROUNDS lines meanwhile; then each of the silent
    ones types a line too"""
    many_descriptors(args.count + 100)
    crowd_of = [dial(args.port) for _ in range(args.count)]
    busy = dial(args.port)
    for i in range(args.rounds):
        ask(busy, b"round %d\r\n" % i, 10)
    for i, sock in enumerate(crowd_of):
        sock.sendall(b"I am %d\r\n" % i)
    for i, sock in enumerate(crowd_of):
        check(answered(sock, b"I am %d\r\n" % i, 10), f"silent client {i} was not served")


def overflow(args):
    """COUNT clients come to a server that has room for fewer: at least LEAST are served at
    once and go on being served, the others when some have left"""
    many_descriptors(args.count + 100)
    socks = [dial(args.port) for _ in range(args.count)]
    for sock in socks:
        sock.sendall(b"me too\r\n")
    served = [sock for sock in socks[:args.least] if answered(sock, b"me too\r\n", 10)]
    check(len(served) == args.least, f"only {len(served)} of the first {args.least} were served")
    rest = socks[args.least:]
    # Whoever is served is served now: the server has answered everybody before the last.
    time.sleep(0.5)  # the bound for "nothing more arrives": there is no event for that
    ready = readable_of(rest, 0)
    waiting = [sock for sock in rest if sock not in ready]
    check(waiting, f"all {args.count} were served: nothing overflowed")
    for sock in served[:10]:
        ask(sock, b"again\r\n", 10)
    print(f"{args.count - len(waiting)} served at once, {len(waiting)} wait")
    if args.hold:
        hold()
    served = [sock for sock in socks if sock not in waiting]
    while waiting:
        for sock in served:
            sock.close()
        served = readable_of(waiting, 3)
        check(served, f"{len(waiting)} still wait, though the others have left")
        for sock in served:
            check(answered(sock, b"me too\r\n", 10), "one that waited was not served in the end")
        waiting = [sock for sock in waiting if sock not in served]
    print("all served in the end")


def readable_of(socks, seconds):
    """Waits until something arrives on some of socks; returns those (none: time is up)."""
    poller = select.poll()  # select() itself would stop at descriptor 1024
    by_fd = {sock.fileno(): sock for sock in socks}
    for fd in by_fd:
        poller.register(fd, select.POLLIN)
    return [by_fd[fd] for fd, _ in poller.poll(seconds * 1000)]


def hold():
    """Says that everything is set up, and stays until SIGUSR1 (go on) or SIGTERM (leave)."""
    wanted = {signal.SIGUSR1, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    print("ready", flush=True)
    if signal.sigwait(wanted) == signal.SIGTERM:
        sys.exit(0)


def silent(args):
    """COUNT clients that connect, type TEXT (if any) and then do nothing until killed"""
    many_descriptors(args.count + 100)
    socks = [dial(args.port) for _ in range(args.count)]
    for sock in socks:
        sock.sendall(args.text.encode().decode("unicode_escape").encode("latin-1"))
    hold()
    del socks


def deaf(args):
    """A client that sends until nothing more fits and never reads; says how much fitted"""
    sock = dial(args.port)
    print(f"{stuff(sock)} bytes fitted")
    hold()


def bye_mid_write(args):
    """The server writes to somebody who is gone: COUNT times FIN and RST while it answers"""
    for _ in range(args.count):
        sock = dial(args.port)
        sock.sendall(os.urandom(60000))
        sock.close()  # unread bytes are there or come: the kernel answers them with RST
    # Nothing to hear: the caller asks whether the server lives.


def binary(args):
    """Every byte value, telnet's interrupt among them, and urgent data do no harm"""
    sock = dial(args.port)
    for text in (bytes(range(256)) + b"\r\n", b"\xff\xf4\xff\xfd\x06\r\n", b"\x00\x04\x1c\r\n"):
        ask(sock, text, 10)
    sock.close()
    sock = dial(args.port)
    sock.send(b"!", socket.MSG_OOB)
    # Urgent data is left out of the stream, or is a byte of it: both are harmless.
    sock.sendall(b"after\r\n")
    got = b""
    sock.settimeout(10)
    while not got.endswith(b"after\r\n"):
        part = sock.recv(100)
        check(part, "urgent data ended the stream")
        got += part


def drip(args):
    """BYTES bytes, one at a time: each is echoed before the next is sent"""
    sock = dial(args.port)
    for i in range(args.bytes):
        ask(sock, bytes([i % 251 + 1]), 10)


def sips(args):
    """BYTES random bytes for a client that reads late and in small sips"""
    data = os.urandom(args.bytes)
    sock = dial(args.port)
    sock.setblocking(False)
    sent, heard = 0, b""
    end = time.monotonic() + PATIENCE
    while len(heard) < len(data):
        check(time.monotonic() < end, f"heard {len(heard)} of {len(data)} bytes in {PATIENCE} s")
        want_write = [sock] if sent < len(data) else []
        readable, writable, _ = select.select([sock], want_write, [], 1)
        if writable:
            sent += sock.send(data[sent:sent + 65536])
            if sent == len(data):
                sock.shutdown(socket.SHUT_WR)  # who answers by the line answers the rest now
        elif readable:  # only when nothing more can be sent: the server must hold back
            part = sock.recv(random.randint(1, 20000))
            check(part, f"end of stream after {len(heard)} of {len(data)} bytes")
            heard += part
    check(heard == data, "wrong bytes")


COMMANDS = {
    "echo": (echo, "bytes", "--eof", "--hold", "--within"),
    "crowd": (crowd, "--clients", "--bytes", "--within"),
    "come-and-go": (come_and_go, "count"),
    "idle": (idle, "count", "--rounds"),
    "overflow": (overflow, "count", "least", "--hold"),
    "silent": (silent, "count", "--text"),
    "deaf": (deaf,),
    "bye-mid-write": (bye_mid_write, "count"),
    "binary": (binary,),
    "drip": (drip, "bytes"),
    "sips": (sips, "bytes"),
}
OPTIONS = {
    "--eof": {"action": "store_true"}, "--hold": {"action": "store_true"},
    "--within": {"type": float, "default": PATIENCE}, "--clients": {"type": int, "default": 40},
    "--bytes": {"type": int, "default": 100000}, "--rounds": {"type": int, "default": 100},
    "--text": {"default": ""},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (function, *takes) in COMMANDS.items():
        command = commands.add_parser(name, description=function.__doc__)
        command.add_argument("port", type=int)
        for word in takes:
            command.add_argument(word, **OPTIONS.get(word, {"type": int}))
    args = parser.parse_args()
    try:
        COMMANDS[args.command][0](args)
    except (Failed, OSError) as error:
        print(f"peers.py {args.command}: {error or type(error).__name__}")
        sys.exit(1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Reads a lesson as a student would, and complains where it does not come true.

usage: python3 tests/lesson.py lessons/10_blocking.md...

Every fenced block of a lesson is a step. Its info string says where it happens:

    sh terminal 1            run this there, until it ends, with exit status 0
    sh terminal 1, stays     run this there; it goes on (a server, a telnet)
    sh terminals 2 and 3, stays   the same in each of them, in this order
    sh terminal 4, again     run this again and again, until it shows the next output
    sh                       run this in any other terminal, until it ends
    type terminal 2          type these lines there; Ctrl-C, Ctrl-D, Ctrl-] are keys
    type terminal 2, silent  the same, and for a while nothing comes back
    output terminal 2        what comes next on that screen, without what was typed
    output                   what the last command in "any other terminal" printed

A terminal is a real one (a pty). In an output block, "..." stands for anything or
nothing, as a whole line for any number of lines; ">100" for any larger figure, "<0.5"
for a smaller one; a figure with three decimals is a time, and may differ. The lessons
say port 8000; here the server gets a free one, and the number is put back before
comparing. The ports of clients may differ from the lesson's, but the same client must
keep the same port throughout, and no other client may have it.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True  # nothing is to be left behind in tests/
import transcript  # noqa: E402

LIMIT = float(os.environ.get("LESSON_LIMIT", "20"))  # seconds that anything may take
SILENCE = 0.4  # seconds without a byte that count as "nothing comes back"
# What a key sends, and what the terminal (or telnet) shows of it.
KEYS = {"Ctrl-C": (b"\x03", "^C"), "Ctrl-D": (b"\x04", ""), "Ctrl-]": (b"\x1d", "^]\ntelnet> ")}
REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Untrue(Exception):
    """The lesson says one thing, the machine another."""


def own_terminal():
    """In the child: the pty becomes the terminal that Ctrl-C acts on."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """One program on one pty, and what its screen has shown and nobody has compared."""

    def __init__(self, command, folder, env):
        self.master, slave = pty.openpty()
        modes = termios.tcgetattr(slave)
        modes[1] &= ~termios.ONLCR
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self.screen = ""
        self.command = command
        self.open = True
        self.process = subprocess.Popen(
            ["bash", "-c", command], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
            env=env, start_new_session=True, preexec_fn=own_terminal)
        os.close(slave)

    def listen(self, seconds):
        """Waits at most so long for more output; False when none came."""
        if not self.open or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:     # the last program on this terminal has ended
            self.open = False
            return False
        self.screen += data.decode("utf-8", "replace").replace("\r", "")
        return True

    def look(self):
        """Waits until the screen stands still, as people do before they go on."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and self.listen(SILENCE):
            pass

    def wait_for(self, pattern, what):
        """Waits until the pattern is on the screen; returns the match."""
        until = time.monotonic() + LIMIT
        while True:
            found = re.search(pattern, self.screen)
            if found:
                return found
            if not self.open or time.monotonic() > until:
                raise Untrue(f"{what} did not come; the screen says:\n{self.screen}")
            self.listen(0.1)

    def wait_modes(self):
        """telnet sets the terminal up right after its greeting, and drops what was typed."""
        until = time.monotonic() + LIMIT
        while termios.tcgetattr(self.master)[1] & termios.ONLCR == 0:
            if time.monotonic() > until:
                raise Untrue("telnet does not set up its terminal")
            self.listen(0.02)

    def press(self, key):
        """Presses a key, and takes what the terminal shows of it off the screen."""
        byte, shown = KEYS[key]
        self.put(byte, shown)

    def type(self, line):
        """Types a line, and takes its echo by the terminal off the screen again."""
        self.put(line.encode() + b"\n", line + "\n")

    def put(self, data, shown):
        while self.listen(0):
            pass
        seen = len(self.screen)
        os.write(self.master, data)
        until = time.monotonic() + LIMIT
        while shown not in self.screen[seen:]:
            if time.monotonic() > until:
                raise Untrue(f"typed {data}, and the terminal does not show it")
            self.listen(0.1)
        at = self.screen.index(shown, seen)
        self.screen = self.screen[:at] + self.screen[at + len(shown):]

    def wait_end(self):
        until = time.monotonic() + LIMIT
        while self.open and time.monotonic() < until:
            self.listen(0.1)
        try:
            return self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Untrue(f"this does not end: {self.command}\n{self.screen}") from None

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.master)


class Reader:
    """Sits in front of the terminals and does what the lesson says."""

    def __init__(self, folder):
        self.folder = folder
        self.terminals = {}
        self.port = None
        self.client_ports = {}
        self.env = dict(os.environ, ECHOLAB_PORT="0", NO_COLOR="1", TERM="dumb",
                        LC_ALL="C.UTF-8", COLUMNS="80")

    def terminal(self, name):
        if name not in self.terminals:
            raise Untrue(f"nothing was started in {name} yet")
        return self.terminals[name]

    def run(self, name, text, manner):
        old = self.terminals.get(name)
        if old:
            if old.process.poll() is None:
                old.wait_end()
            old.close()
        if self.port:
            text = re.sub(r"\b8000\b", self.port, text)
        term = self.terminals[name] = Terminal(text, self.folder, self.env)
        if manner != "stays":
            status = term.wait_end()
            if status != 0:
                raise Untrue(f"exit status {status}: {text}\n{term.screen}")
            self.learn_port(term)
        else:
            self.wait_start(term)

    def wait_start(self, term):
        """Waits until what goes on running is up, and a moment longer, as people do."""
        if "telnet" in term.command:
            term.wait_for("Escape character is .*\n", "telnet's greeting")
            term.wait_modes()
        elif re.search(r"\./echolab (?!client)", term.command):
            banner = term.wait_for(r"stop:  Ctrl-C\n", "the server's banner")
            self.learn_port(term)
            term.screen = term.screen[banner.end():]
        term.look()

    def learn_port(self, term):
        """From the banner; a server that starts again gets the same port again."""
        banner = re.search(r"listening on \S*:(\d+)\n", term.screen)
        if banner:
            self.port = self.env["ECHOLAB_PORT"] = banner.group(1)

    def differs(self, term, text, take=True):
        """What is wrong with a screen; None, and the text is off it, if nothing is."""
        shown = term.screen
        if self.port:
            shown = re.sub(rf"\b{self.port}\b", "8000", shown)
        found = transcript.match(text, shown, self.client_ports)
        if not found:
            return f"should show:\n{text}\nit shows:\n{shown}"
        if take:
            seen, self.client_ports = found
            term.screen = "".join(shown.splitlines(keepends=True)[seen:])
        return None

    def expect(self, name, text):
        term = self.terminal(name)
        until = time.monotonic() + LIMIT
        while True:
            wrong = self.differs(term, text)
            if not wrong:
                return
            if not term.open or time.monotonic() > until:
                raise Untrue(f"{name} {wrong}")
            term.listen(0.1)

    def run_again(self, name, text, wanted):
        """Runs a command until it shows what the lesson is going to say it shows."""
        until = time.monotonic() + LIMIT
        self.run(name, text, "")
        while self.differs(self.terminal(name), wanted, take=False):
            if time.monotonic() > until:
                return      # the output block will complain
            time.sleep(0.1)
            self.run(name, text, "")

    def type(self, name, text, silent):
        term = self.terminal(name)
        for line in text.splitlines():
            term.look()
            before = term.screen
            if line in KEYS:
                term.press(line)
            else:
                term.type(line)
        if silent and (term.screen != before or term.listen(SILENCE)):
            raise Untrue(f"{name} was to stay silent, but: {term.screen[len(before):]}")

    def do(self, info, text, later):
        kind, _, where = info.partition(" ")
        name, _, manner = where.partition(", ")
        several = re.fullmatch(r"terminals (\d) and (\d)", name)
        names = [f"terminal {n}" for n in several.groups()] if several else [name]
        name = name or "the other terminal"
        if manner == "again":
            shown = [block for place, block in later if place == "output " + name]
            self.run_again(name, text, shown[0] if shown else "")
        elif kind == "sh":
            for each in names:
                self.run(each or name, text, manner)
        elif kind == "type":
            self.type(name, text, manner == "silent")
        elif kind == "output":
            self.expect(name, text)

    def close(self):
        for term in self.terminals.values():
            term.close()


def steps(path):
    """The fenced blocks of a lesson: line number, info string, text."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    at = 0
    while at < len(lines):
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            yield at + 1, lines[at][3:], "\n".join(lines[at + 1:end])
            at = end
        at += 1


def read(path):
    """Plays one lesson in a copy of the repository, so that it may change files there."""
    with tempfile.TemporaryDirectory(prefix="echolab-lesson.") as folder:
        shutil.copytree(REPO, folder, dirs_exist_ok=True, symlinks=True,
                        ignore=shutil.ignore_patterns(".git"))
        reader = Reader(folder)
        try:
            blocks = list(steps(path))
            for done, (number, info, text) in enumerate(blocks, 1):
                try:
                    reader.do(info, text, [block[1:] for block in blocks[done:]])
                except Untrue as untrue:
                    raise Untrue(f"{path}, line {number} ({info}): {untrue}") from None
        finally:
            reader.close()


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: python3 tests/lesson.py LESSON.md...")
    for path in sys.argv[1:]:
        try:
            read(path)
        except Untrue as untrue:
            sys.exit(str(untrue))


if __name__ == "__main__":
    main()

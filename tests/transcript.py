"""Does a screen show what a lesson says it shows? See lesson.py for the wild cards."""
import re

# How long a call slept is up to the readers; a short sleep is not even mentioned.
SLEPT = re.compile(r" slept \d+\.\d{3} s$")

WILD = re.compile(r"""( [ ]\.\.\.$                  # the rest of a line, or nothing
                      | \.\.\.
                      | 127\.0\.0\.1:\d+
                      | (?<!\S)[<>]\d+(?:\.\d+)?    # a larger or a smaller figure
                      | \b\d+\.\d{3}\b              # a time
                      )""", re.VERBOSE)


def squeeze(line):
    """Columns may be wider or narrower here than there."""
    return SLEPT.sub("", " ".join(line.split()))


def expression(line):
    """A line of a lesson as a regular expression, and what its groups must be."""
    text, wishes = "", []
    for part in WILD.split(line):
        address = re.fullmatch(r"127\.0\.0\.1:(\d+)", part)
        if part == " ...":
            text += "(?: .*)?"
        elif part == "...":
            text += ".*"
        elif re.fullmatch(r"[<>][\d.]+", part):
            text += r"(\d+(?:\.\d+)?)"
            wishes.append(part)
        elif re.fullmatch(r"\d+\.\d{3}", part):
            text += r"\d+\.\d{3}"
        elif address and address.group(1) != "8000":
            text += r"127\.0\.0\.1:(\d+)"
            wishes.append(address.group(1))
        else:
            text += re.escape(part)
    return re.compile(text), wishes


def line_holds(wanted, shown, ports):
    """The ports known behind this line, or None when it is another line than the wanted."""
    regex, wishes = expression(wanted)
    found = regex.fullmatch(shown)
    if not found:
        return None
    for wish, value in zip(wishes, found.groups()):
        if wish[0] == ">" and float(value) <= float(wish[1:]):
            return None
        if wish[0] == "<" and float(value) >= float(wish[1:]):
            return None
        if wish[0] in "<>":
            continue
        # A port of the lesson stands for one port here, and no other stands for that.
        if ports.get(wish, value) != value or (wish not in ports and value in ports.values()):
            return None
        ports = {**ports, wish: value}
    return ports


def match(text, screen, ports):
    """
    Compares what a lesson says with the beginning of a screen. Returns how many lines of the
    screen that are, and the ports (of the lesson: of this run) known by then; or None.
    """
    wanted = [squeeze(line) for line in text.splitlines()]
    shown = [squeeze(line) for line in screen.splitlines()]
    failed = set()      # places that were tried in vain

    def go_on(line, at, known):
        while line < len(wanted) and wanted[line] != "...":
            known = line_holds(wanted[line], shown[at], known) if at < len(shown) else None
            if known is None:
                return None
            line, at = line + 1, at + 1
        if line == len(wanted):
            return at, known
        place = (line, at, tuple(known.items()))
        if place in failed:
            return None
        for skipped in range(at, len(shown) + 1):
            found = go_on(line + 1, skipped, known)
            if found:
                return found
        failed.add(place)
        return None

    return go_on(0, 0, ports)

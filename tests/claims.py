#!/usr/bin/env python3
"""claims.py [ROOT] -- do the headers of the stages, claims.txt, stages.conf and the tests agree?

Prints a line for each disagreement; exit code 1 when there is one. What claims.txt means
stands in its first lines.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
TESTS = ROOT / "tests"
FIELDS = {"Gone": "Gone", "wrong": "Still wrong"}
problems = []


def plain(text):
    """The words alone: what stands between claims is a matter of style."""
    return " ".join(re.sub(r"[.,;:]+(\s|$)", " ", text.strip()).lower().split())


def headers():
    """{stage: {field: text}}, from the first comment of each file."""
    found = {}
    for path in sorted((ROOT / "stages").glob("*.c")):
        source = path.read_text()
        comment = source[:source.index("*/")]
        text = " ".join(line.lstrip(" *") for line in comment.splitlines())
        parts = re.split(r"(Grew from|New here|Gone|Still wrong): ", text)
        name = re.search(r'\.name = "(.*)"', source).group(1)
        found[name] = dict(zip(parts[1::2], parts[2::2]))
    return found


def claims():
    for number, line in enumerate((TESTS / "claims.txt").read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) == 4 and cells[1] in FIELDS:
                yield cells
            else:
                problems.append(f"claims.txt:{number}: wants ID | Gone or wrong | words | shown by")


def titles(name):
    path = TESTS / name
    return re.findall(r"^@test ['\"](.*)['\"] \{$", path.read_text(), re.M) if path.exists() else []


def admitted():
    """{(stage, scenario): words}, from lessons/claims."""
    lines = (ROOT / "lessons" / "claims").read_text().splitlines()
    rows = [re.match(r'([a-z-]+) +(\S+) +"(.*)"', line) for line in lines]
    return {row.group(1, 2): row.group(3) for row in rows if row}


def check_shown(ident, field, words, shown):
    stage = ident.split(".")[0]
    how, _, rest = shown.partition(" ")
    if how == "here":
        if not any(title.startswith(ident + ":") for title in titles("claims.bats")):
            problems.append(f"{ident}: claims.bats has no test that begins with \"{ident}:\"")
    elif how == "play":
        fails = admitted().get((stage, rest))
        if not (ROOT / "lessons" / "scenarios" / f"{rest}.play").exists():
            problems.append(f"{ident}: there is no scenario {rest}")
        elif field == "Gone" and fails is not None:
            problems.append(f"{ident}: is gone, but lessons/claims says that {rest} fails")
        elif field == "wrong" and plain(fails or "?") not in plain(words):
            problems.append(f"{ident}: lessons/claims does not say that {rest} fails for this")
    elif how.endswith(".bats"):
        if not any(title.startswith(rest) for title in titles(how)) or not rest:
            problems.append(f"{ident}: {how} has no test that begins with \"{rest}\"")
    elif shown == "next":
        if not re.search(r"[0-9]{2}_\w+\.c", words):
            problems.append(f"{ident}: names no stage")
    elif shown != "none" or words != "nothing yet":
        problems.append(f"{ident}: is not shown by any test")


def main():
    head = headers()
    said = {}
    known = set()
    for ident, field, words, shown in claims():
        if ident in known:
            problems.append(f"{ident}: is there twice")
        known.add(ident)
        said.setdefault((ident.split(".")[0], field), []).append(words)
        check_shown(ident, field, words, shown)
    for stage, fields in head.items():
        for field, name in FIELDS.items():
            want = plain(fields.get(name, ""))
            have = plain(" ".join(said.pop((stage, field), [])))
            if want != have:
                problems.append(f"{stage}: the header says under \"{name}\":\n  {want}\n"
                                f"  and claims.txt:\n  {have}")
    for stage, field in said:
        problems.append(f"claims.txt has claims of {stage} under {field}, the header has none")
    for title in titles("claims.bats"):
        ident = title.split(":")[0]
        if re.fullmatch(r"[a-z-]+\.[a-z0-9-]+", ident) and ident not in known:
            problems.append(f"claims.bats: there is no claim {ident}")

    cases = set()
    for path in TESTS.glob("*.bats"):
        cases.update(re.findall(r"(?:each_stage|applies) ([a-z0-9-]+)", path.read_text()))
    for line in (TESTS / "stages.conf").read_text().splitlines():
        if line and not line.startswith("#"):
            stage, case, ident = line.split()
            if stage not in head:
                problems.append(f"stages.conf: there is no stage {stage}")
            if case not in cases | {"*"}:
                problems.append(f"stages.conf: there is no case {case}")
            if ident != "-" and (ident not in known or not ident.startswith(stage + ".")):
                problems.append(f"stages.conf: {stage} has no claim {ident}")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()

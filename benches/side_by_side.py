#!/usr/bin/env python3
"""Three ways back from a failed apply, side by side, on the same scenarios with real Terraform.

    benches/side_by_side.py [UNAPPLY]        default target/debug/unapply

`state` pushes the prior state as a new serial and applies the prior configuration, which is what the
versions of a bucket and a hosted "rollback" give. `git revert` applies the prior configuration to the
state as it is. `unapply` is `unapply revert --yes`. Counted in the world and not in what a tool says:

    orphaned   objects that are there afterwards and that the state does not know
    lost       objects of the good version that were still there and were destroyed on the way back
    equal      whether every object is as it was, byte for byte

Each scenario is played anew for each way. It asserts nothing: it measures.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HEADER = 'terraform {\n  required_providers {\n    demo = { source = "unapply/demo" }\n  }\n}\n'


def block(name, path, content, kind="demo_file", more=""):
    return f'resource "{kind}" "{name}" {{\n  path = "{path}"\n  content = "{content}"\n{more}}}\n'


def moved(a, b):
    return f"moved {{\n  from = {a}\n  to = {b}\n}}\n"


A, B = block("a", "a.txt", "one"), block("b", "b.txt", "two")
CBD = "  lifecycle {\n    create_before_destroy = true\n  }\n"
EACH = '  count = 2\n'
# name, prior configuration, next configuration, faults, what is in the module `m` (prior, next)
SCENARIOS = [
    ("created, changed, one creation fails", A + B,
     block("a", "a.txt", "ONE") + B + block("c", "c.txt", "new") + block("d", "d.txt", "bad"),
     "create:d.txt"),
    ("replaced", A + B, block("a", "new.txt", "one") + B + block("d", "d.txt", "bad"), "create:d.txt"),
    ("deleted", A + B, A + block("d", "d.txt", "bad"), "create:d.txt"),
    ("renamed", A + B, block("z", "a.txt", "one") + B + moved("demo_file.a", "demo_file.z")
     + block("d", "d.txt", "bad"), "create:d.txt"),
    ("count to for_each", block("a", "a-${count.index}.txt", "x", more="  count = 2\n") + B,
     block("a", "a-${each.key}.txt", "x", more='  for_each = toset(["0", "1"])\n') + B
     + moved("demo_file.a[0]", 'demo_file.a["0"]') + moved("demo_file.a[1]", 'demo_file.a["1"]')
     + block("d", "d.txt", "bad"), "create:d.txt"),
    ("forgotten", A + B,
     A + "removed {\n  from = demo_file.b\n  lifecycle {\n    destroy = false\n  }\n}\n"
     + block("d", "d.txt", "bad"), "create:d.txt"),
    ("left over from a replacement", block("a", "a.txt", "one", more=CBD) + B,
     block("a", "new.txt", "one", more=CBD) + B, "delete:a.txt"),
    ("renamed and changed", A + B,
     block("z", "a.txt", "ONE") + B + moved("demo_file.a", "demo_file.z"), "update-after:a.txt"),
]


class Stage:
    """A stack whose Terraform finds the provider where `demo`, left by `unapply demo`, has it."""

    def __init__(self, demo):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-"))
        for name in ("stack", "world", "home"):
            (self.top / name).mkdir()
        shutil.copy(demo / "stack/unapply.toml", self.top / "stack")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.top / "home"),
                            "TF_CLI_CONFIG_FILE": str(demo / "terraform.rc"),
                            "TF_DISABLE_PLUGIN_TLS": "1", "CI": "true"}

    def write(self, name, text):
        (self.top / "stack" / name).write_text(text)

    def configure(self, text):
        self.write("main.tf", HEADER + f'provider "demo" {{\n  root = "{self.top}/world"\n}}\n' + text)

    def fault(self, text):
        (self.top / "world" / ".faults").write_text(text)

    def run(self, *words):
        return subprocess.run(words, cwd=self.top / "stack", env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)

    def must(self, *words):
        ran = self.run(*words)
        assert ran.returncode == 0, f"{words}: {ran.stdout}{ran.stderr}"

    def apply(self):
        return self.run("terraform", "apply", "-auto-approve", "-no-color", "-input=false")

    def state(self):
        return json.loads((self.top / "stack/terraform.tfstate").read_text())

    def known(self):
        found = set()
        for resource in self.state()["resources"]:
            found.update(i["attributes"]["id"] for i in resource["instances"])
        return found

    def there(self):
        """The objects of the world: id by path, of those that exist."""
        at = {}
        for entry in (self.top / "world/.ids").iterdir():
            if entry.is_file():
                path = entry.read_text().strip()
                if (self.top / "world" / path).exists():
                    at[path] = entry.name
        return at

    def objects(self):
        world = self.top / "world"
        files = [p for p in world.rglob("*") if p.is_file() and ".ids" not in p.parts]
        return {str(p.relative_to(world)): p.read_bytes() for p in files if p.name != ".faults"}


def play(unapply, demo, scenario, way):
    _, prior, following, faults = scenario
    stage = Stage(demo)
    stage.configure(prior)
    stage.must("terraform", "init", "-no-color")
    assert stage.apply().returncode == 0
    stage.must(unapply, "init")
    stage.must(unapply, "mark", "good")
    good, ids, state = stage.objects(), set(stage.there().values()), stage.state()
    stage.configure(following)
    stage.fault(faults)
    ran = stage.run(unapply, "run", "--", "terraform", "apply", "-auto-approve", "-json")
    assert ran.returncode != 0, "the apply was to fail"
    stage.fault("")
    survived = ids & set(stage.there().values())
    stage.configure(prior)
    if way == "state":
        state["serial"] = stage.state()["serial"] + 1
        stage.write("prior.tfstate", json.dumps(state))
        stage.must("terraform", "state", "push", "prior.tfstate")
        stage.apply()
    elif way == "git revert":
        stage.apply()
    else:
        stage.run(unapply, "revert", "--yes", "--no-input")
    there = set(stage.there().values())
    found = (len(there - stage.known()), len(survived - there), stage.objects() == good)
    shutil.rmtree(stage.top)
    return found


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    unapply = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else here / "target/debug/unapply").resolve())
    demo = pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-"))
    subprocess.run([unapply, "demo", "--directory", demo], check=True, capture_output=True)
    ways = ["state", "git revert", "unapply"]
    totals = {way: [0, 0, 0] for way in ways}
    print("| the failed apply | prior state, applied | plain `git revert`, applied | `unapply revert` |")
    print("|---|---|---|---|")
    for scenario in SCENARIOS:
        cells = []
        for way in ways:
            orphaned, lost, equal = play(unapply, demo, scenario, way)
            totals[way][0] += orphaned
            totals[way][1] += lost
            totals[way][2] += equal
            words = [f"{orphaned} orphaned"] * bool(orphaned) + [f"{lost} destroyed"] * bool(lost)
            cells.append("as it was" if equal and not words else
                         ", ".join(words + [] if equal else words + ["another world"]))
        print(f"| {scenario[0]} | " + " | ".join(cells) + " |", flush=True)
    sums = [f"{o} orphaned, {l} destroyed, {e} of {len(SCENARIOS)} as it was" for o, l, e in totals.values()]
    print("| **all** | " + " | ".join(sums) + " |")
    shutil.rmtree(demo)


if __name__ == "__main__":
    main()

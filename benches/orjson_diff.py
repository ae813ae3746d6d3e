#!/usr/bin/env python3
"""What a script for the occasion does: both states read with orjson, compared object by object.

    benches/orjson_diff.py BEFORE AFTER

An object that is gone from its address and has its id elsewhere has moved. It is what `peers`
measures `unapply diff` against; it hides no secrets, and checks nothing.
"""

import sys

import orjson


def objects(path):
    found = {}
    with open(path, "rb") as file:
        resources = orjson.loads(file.read())["resources"]
    for resource in resources:
        mode = "data." if resource["mode"] == "data" else ""
        block = f"{resource.get('module', '')}.{mode}{resource['type']}.{resource['name']}"
        for instance in resource["instances"]:
            place = (block, instance.get("index_key"), instance.get("deposed"))
            found[place] = (resource["type"], instance.get("attributes") or {})
    return found


def main(before, after):
    before, after = objects(before), objects(after)
    by_id = {}
    for place, (kind, attributes) in before.items():
        by_id.setdefault((kind, attributes.get("id")), place)
    added, changed, moved, found = 0, 0, 0, set()
    for place, (kind, attributes) in after.items():
        was = before.get(place)
        if was is None:
            home = by_id.get((kind, attributes.get("id")))
            if home is None or home in after:
                added += 1
                continue
            moved, was = moved + 1, before[home]
            found.add(home)
        else:
            found.add(place)
        if was[1] != attributes:
            changed += 1
            for name in sorted(was[1].keys() | attributes.keys()):
                if was[1].get(name) != attributes.get(name):
                    print(place, name, was[1].get(name), attributes.get(name))
    print(f"{added} added, {changed} changed, {moved} moved, {len(before) - len(found)} removed")


main(*sys.argv[1:])

#!/usr/bin/env python3
"""The rows that a Nova controller's databases held before the first boot of the trace, as JSON lines for `latium kv import`.

One key a row: DATABASE/TABLE/PRIMARY KEY; the value is the row as a JSON object.

    examples/data/rows_of_trace.py examples/data/boot_trace.jsonl > rows.jsonl
"""
import json
import sys


def rows(lines):
    for line in lines:
        event = json.loads(line)
        if event["ev"] != "table":
            continue
        columns = [name for name, _type, _nullable in event["cols"]]
        for values in event["rows"]:
            row = dict(zip(columns, values, strict=True))
            key = "/".join([event["db"], event["name"], *(str(row[column]) for column in event["pk"])])
            yield {"key": key, "value": json.dumps(row, separators=(",", ":"))}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: rows_of_trace.py TRACE.jsonl")
    with open(sys.argv[1], encoding="utf-8") as trace:
        for item in rows(trace):
            print(json.dumps(item))

#!/usr/bin/env python3
"""Starts a hunt, waits until it has ended, and prints its rows, one JSON object a line. Standard library only.

    REKALL_API=https://rekall.example.org REKALL_TOKEN=T_... python3 hunt.py KEY < hunt.json

KEY becomes the Idempotency-Key: run again with the same key and the same hunt.json, it goes on with the same hunt.
REKALL_WAIT is how long the hunt may take, in seconds (3600 unless given); the hunt itself goes on after that.
Exit code 0: all rows were printed. 1: the API refused, or the time was over; stderr says why.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

LATER = {429, 502, 503, 504}
TRIES = 20


class Failed(Exception):
    """The API refused, or the time was over."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class Api:
    def __init__(self, base, token):
        self.base = base.rstrip("/")
        self.token = token

    def call(self, path, body=None, headers=None):
        """One request; answers (headers, parsed body). What is not available now, or too much, is asked again."""
        request = urllib.request.Request(self.base + path, data=body)
        request.add_header("authorization", "Bearer " + self.token)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        for _ in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=90) as response:
                    return response.headers, json.load(response)
            except urllib.error.HTTPError as error:
                if error.code not in LATER:
                    raise Failed(*problem(error)) from error
                why, answered = error, error.headers
            except (OSError, http.client.HTTPException) as error:  # no answer, or half of one
                why, answered = error, {}
            pause(answered)
        raise Failed(f"gave up: {why}")


def problem(error):
    """What the API says of a refusal, application/problem+json, and its code."""
    try:
        said = json.load(error)
        return f"{error.code} {said['code']}: {said['detail']}", said["code"]
    except (ValueError, KeyError):  # a proxy's page
        return f"{error.code} {error.reason}", None


def pause(headers):
    """Waits as long as an answer says."""
    seconds = headers.get("retry-after", "")
    time.sleep(int(seconds) if seconds.isdigit() else 5)


def say(text):
    print(f"hunt.py: {text}", file=sys.stderr, flush=True)


def ended(api, hunt, deadline):
    """Waits until the hunt is in a state that it never leaves."""
    while not hunt["terminal"]:
        if time.time() >= deadline:
            raise Failed(f"not over in time: {hunt['state']}, {hunt['stats']['progress']}; it goes on")
        headers, hunt = api.call(hunt["status_url"], headers={"prefer": "wait=30"})
        if "preference-applied" not in headers:
            pause(headers)
    return hunt


def rows(api, hunt):
    """All rows of the hunt, page by page."""
    query = {"limit": "1000"}
    while True:
        try:
            _, page = api.call(hunt["status_url"] + "/rows?" + urllib.parse.urlencode(query))
        except Failed as failed:
            if failed.code == "collection/none-yet":  # no client had a result
                return
            raise
        for failure in page["failures"]:
            say(f"no rows of {failure['client_id']}: {failure['message']}")
        yield from page["rows"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def main():
    if len(sys.argv) != 2:
        raise Failed("the one argument is the Idempotency-Key")
    deadline = time.time() + int(os.environ.get("REKALL_WAIT", "3600"))
    api = Api(os.environ["REKALL_API"], os.environ["REKALL_TOKEN"])
    headers = {"idempotency-key": sys.argv[1], "content-type": "application/json"}
    _, hunt = api.call("/api/v1/hunts", sys.stdin.buffer.read(), headers)
    say(hunt["hunt_id"])
    hunt = ended(api, hunt, deadline)
    say(f"{hunt['state']}, {hunt['stats']['progress']}, {hunt['stats']['rows']} rows")
    for row in rows(api, hunt):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        say(failed)
        sys.exit(1)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks at a page as a reader would: in a headless Chromium, spoken to over a pipe (the DevTools protocol).

    browser.py [--dark] [--no-script] [--width N] [--height N] FILE.html [COMMAND...]

Commands, in order:
    eval EXPRESSION     prints what this JavaScript gives: text as it is, all else as JSON
    key NAME            presses Tab, Enter, Space, ...
    type TEXT           types into what has the focus
    media TYPE          print or screen
    shot FILE.png       a screenshot: of the window; shot-all: of the whole page
Whatever goes wrong in the page (a message on its console, an exception, a refusal by its policy) and each request
that it makes, beyond its own file, is a line on stdout: "console: ..." or "request: ...".

Rules: no network (every name resolves to nothing), a profile of its own that is removed, and a bound on every wait.
"""

import argparse
import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 20  # seconds for any answer
KEYS = {
    "Tab": (9, None), "Enter": (13, "\r"), "Space": (32, " "), "Escape": (27, None),
}


class Browser:
    def __init__(self, arguments):
        self.profile = tempfile.mkdtemp()
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()

        def at_three_and_four():
            # Beyond 4 first: either may be 3 or 4 already.
            ends = [os.dup(fd) for fd in (to_browser, from_browser)]
            high = [os.dup(fd) for fd in ends]
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [os.environ.get("CHROMIUM", "chromium"), "--headless=new", "--no-sandbox", "--remote-debugging-pipe",
             "--user-data-dir=" + self.profile, "--host-resolver-rules=MAP * ~NOTFOUND", "--no-first-run",
             "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars",
             "--disable-extensions", "--disable-component-update", *arguments],
            close_fds=False, preexec_fn=at_three_and_four, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.received = b""
        self.last = 0
        self.session = None
        self.page = None
        self.loaded = False

    def end(self):
        # In its own words first: a killed browser leaves its helper processes for a moment, and they write.
        try:
            self.session = None
            os.write(self.out, b'{"id":0,"method":"Browser.close"}\0')
            self.process.wait(PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self, deadline):
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.into], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.into, 1 << 20) if ready else b""
            if not data:
                sys.exit("browser.py: the browser does not answer")
            self.received += data
        text, _, self.received = self.received.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.last += 1
        request = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.message(deadline)
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit("browser.py: %s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.noticed(answer)

    def noticed(self, event):
        name, what = event.get("method"), event.get("params", {})
        if name == "Runtime.consoleAPICalled":
            print("console:", what["type"], *(a.get("value", a.get("description")) for a in what["args"]))
        elif name == "Runtime.exceptionThrown":
            print("console: exception", what["exceptionDetails"].get("exception", {}).get("description"))
        elif name == "Log.entryAdded":
            print("console:", what["entry"]["level"], what["entry"]["text"])
        elif name == "Network.requestWillBeSent" and what["request"]["url"].partition("#")[0] != self.page:
            print("request:", what["request"]["url"][:200])
        elif name == "Page.loadEventFired":
            self.loaded = True

    def open(self, page, width, height, dark, script):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.media("screen", dark)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.page = page
        self.loaded = False
        refusal = self.call("Page.navigate", url=page).get("errorText")
        if refusal:
            sys.exit("browser.py: %s: %s" % (page, refusal))
        deadline = time.monotonic() + PATIENCE
        while not self.loaded:
            self.noticed(self.message(deadline))

    def media(self, kind, dark=False):
        self.call("Emulation.setEmulatedMedia", media=kind,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True,
                           userGesture=True)
        if "exceptionDetails" in result:
            sys.exit("browser.py: %s: %s" % (expression, result["exceptionDetails"]["exception"]["description"]))
        value = result["result"].get("value")
        print(value if isinstance(value, str) else json.dumps(value))

    def key(self, name):
        code, text = KEYS[name]
        key = {"key": " " if name == "Space" else name, "code": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **key, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def shot(self, path, whole):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"] if not whole else \
            self.call("Page.captureScreenshot", captureBeyondViewport=True,
                      clip=dict(self.call("Page.getLayoutMetrics")["cssContentSize"], scale=1))["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-script", action="store_true")
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("file")
    parser.add_argument("commands", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    browser = Browser([])
    try:
        page = options.file
        path, _, fragment = page.partition("#")
        browser.open("file://" + os.path.realpath(path) + ("#" + fragment if fragment else ""), options.width,
                     options.height, options.dark, not options.no_script)
        commands = iter(options.commands)
        for command in commands:
            argument = next(commands)
            if command == "eval":
                browser.evaluate(argument)
            elif command == "key":
                browser.key(argument)
            elif command == "type":
                browser.call("Input.insertText", text=argument)
            elif command == "media":
                browser.media(argument, options.dark)
            elif command in ("shot", "shot-all"):
                browser.shot(argument, command == "shot-all")
            else:
                sys.exit("browser.py: %s: no such command" % command)
    finally:
        browser.end()


main()

"""Every operation of server/openapi.json against bad input, derived from its description: each is refused with a problem that
names what is wrong, and nothing has changed."""
import base64
import copy
import http.client
import json
import pathlib
import tempfile
import unittest
import urllib.parse

import jsonschema

from support import DEADLINE, Server, run

FILE = {"name": "outside", "method": "random", "seed": 1, "metric": {"name": "loss", "goal": "minimize"}, "retries": 1,
        "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "n": {"type": "int", "min": 1, "max": 9}},
        "budget": {"max_trials": 20, "parallel": 4}}
POINT = {"x": 0.5, "n": 3}

# What each operation takes when all is right: the parts that the description cannot know. A study is one of World's, a
# trial a number in it. An operation that is not here fails the test.
CASES = {
    "listStudies": {}, "createStudy": {"body": FILE}, "getStudy": {}, "updateStudy": {"body": {"name": "new"}}, "deleteStudy": {},
    "pauseStudy": {"body": {}}, "resumeStudy": {"body": {}}, "stopStudy": {"body": {}}, "stopTrial": {"body": {}}, "cloneStudy": {"body": {"name": "copy"}},
    "listTrials": {}, "addTrial": {"body": {"params": POINT}}, "listOptimalTrials": {}, "listCurves": {}, "getHistory": {}, "sampleTrials": {},
    "sliceSurrogate": {"study": "modelled"}, "contourSurrogate": {"study": "modelled", "query": {"x": "x", "y": "n"}},
    "trustSurrogate": {"study": "modelled"}, "importanceOfParameters": {"study": "modelled"},
    "reasonOfTrial": {"study": "modelled", "query": {"trial": "1"}}, "nextSuggestion": {"study": "modelled"},
    "checkStudyFile": {"body": {"text": json.dumps(FILE)}}, "suggestTrials": {"body": {"client_id": "other"}},
    "getTrial": {}, "retryTrial": {"body": {}, "trial": 2},
    "reportTrial": {"body": {"token": "HELD", "step": 1, "metrics": {"loss": 1}}},
    "heartbeatTrial": {"body": {"token": "HELD"}}, "completeTrial": {"body": {"token": "HELD", "value": 1}},
    "followStudy": {}, "followStudies": {}, "getSession": {}, "signIn": {"body": {"token": "none"}}, "signOut": {},
    "followLoginAddress": {}, "isAlive": {}, "getDescription": {}, "isReady": {}, "getMetrics": {}, "listAudit": {},
    "getAttemptLog": {}, "getTrialModel": {}, "getTrialCluster": {},
}
# Beyond what the description says: operation, what is put over its body, status, code, and the field that must be named.
WRONG_BODIES = [
    ("createStudy", {"parameters": {}}, 400, "parameters"),
    ("createStudy", {"parameters": {"x": 5}}, 400, "parameters.x"),
    ("createStudy", {"parameters": {"x": {"type": "float", "min": 1, "max": 0}}}, 400, "parameters.x.min"),
    ("createStudy", {"parameters": {"x": {"type": "float", "min": "NaN", "max": 1}}}, 400, "parameters.x.min"),
    ("createStudy", {"parameters": {"x": {"type": "float", "min": -1e308, "max": 1e308}}}, 400, "parameters.x.max"),
    ("createStudy", {"parameters": {"x": {"type": "int", "min": 0, "max": 1e30}}}, 400, "parameters.x.max"),
    ("createStudy", {"parameters": {"x": {"min": 0, "max": 1, "step": 0}}}, 400, "parameters.x.step"),
    ("createStudy", {"parameters": {"x": {"min": 0.0, "max": 1.0, "step": 1e-300}}}, 400, "parameters.x.step"),
    ("createStudy", {"parameters": {"x": {"scale": "normal", "mu": 1e308, "sigma": 1e308}}}, 400, "parameters.x.sigma"),
    ("createStudy", {"parameters": {"x": {"values": [1, 1]}}}, 400, "parameters.x.values[1]"),
    ("createStudy", {"parameters": {"x": {"values": [None]}}}, 400, "parameters.x.values[0]"),
    ("createStudy", {"parameters": {"x": {"values": ["a"], "when": {"y": 1}}}}, 400, "parameters.x.when.y"),
    ("createStudy", {"parameters": {"x": {"values": [1, 2], "when": {"x": 1}}}}, 400, "parameters.x.when"),
    ("createStudy", {"budget": {"max_time": "9999999d"}}, 400, "budget.max_time"),
    ("createStudy", {"budget": {"max_trials": 10**30}}, 400, "budget.max_trials"),
    ("createStudy", {"metric": {"name": ""}}, 400, "metric.name"),
    ("createStudy", {"metric": {"name": "loss", "target": "Infinity"}}, 400, "metric.target"),
    ("createStudy", {"name": "x" * 300}, 400, "name"),
    ("createStudy", {"early_terminate": {"type": "curve"}}, 400, "early_terminate.max_iter"),
    ("createStudy", {"warm_start": [{"study": "none"}]}, 400, "warm_start[0].study"),
    ("createStudy", {"warm_start": [{"path": "/etc/passwd"}]}, 400, "warm_start[0].path"),
    ("createStudy", {"command": ["/bin/sh", "-c", "id"]}, 403, "command"),
    ("createStudy", {"command": []}, 400, "command"),
    ("createStudy", {"train": {"model": "mlp", "data": {"path": "../../etc/passwd", "label": 0}}}, 400, "train.data.path"),
    ("checkStudyFile", {"text": "a: [1"}, 400, None), ("checkStudyFile", {"text": ""}, 400, None),
    ("checkStudyFile", {"text": "a: &x [*x, *x]"}, 400, None), ("checkStudyFile", {"text": "[" * 10_000}, 400, None),
    ("checkStudyFile", {"text": "{" * 10_000}, 400, None), ("checkStudyFile", {"text": "a: 1\na: 2"}, 400, "a"),
    ("checkStudyFile", {"text": "parameters: {x: {min: 1, max: 0}}"}, 400, "parameters.x.min"),
    ("updateStudy", {"budget": {"max_trials": 0}}, 400, "budget.max_trials"),
    ("updateStudy", {"budget": {"nonsense": 1}}, 400, "budget.nonsense"),
    ("cloneStudy", {"budget": {"max_trials": "x"}}, 400, "budget.max_trials"),
    ("addTrial", {"params": {"x": 0.5}}, 400, "params.n"), ("addTrial", {"params": POINT | {"y": 1}}, 400, "params.y"),
    ("addTrial", {"params": POINT | {"x": 2}}, 400, "params.x"), ("addTrial", {"params": POINT | {"x": "NaN"}}, 400, "params.x"),
    ("addTrial", {"params": POINT | {"n": 1.5}}, 400, "params.n"), ("addTrial", {"params": POINT | {"x": None}}, 400, "params.x"),
    ("addTrial", {"value": "NaN"}, 400, "value"), ("addTrial", {"value": 1, "metrics": {"loss": 1}}, 400, "metrics"),
    ("addTrial", {"metrics": {"other": 1}}, 400, "metrics.loss"), ("addTrial", {"state": "COMPLETED"}, 400, "value"),
    ("addTrial", {"state": "FAILED", "value": 1}, 400, "value"),
    ("completeTrial", {"state": "FAILED"}, 400, None), ("completeTrial", {"value": None, "metrics": {"other": 1}}, 400, "metrics.loss"),
    ("completeTrial", {"reason": "why"}, 400, "reason"), ("completeTrial", {"token": "stale"}, 409, "token"),
    ("reportTrial", {"token": "stale"}, 409, "token"), ("heartbeatTrial", {"token": "stale"}, 409, "token"),
    ("reportTrial", {"step": 2**60}, 400, "step"), ("signIn", {"token": "none"}, 401, None),
]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MALFORMED = [b"{", b"}", b"[", b'{"a":1,}', b'{"a":NaN}', b'{"a":01}', b'{"a":1e999}', b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b"\xef\xbb\xbf",
             b'{"a":1}{"b":2}', b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b'{"a":"\x00"}', b'{"a":' * 100, b"[" * 50_000, b"nul", b"\x00", b"\xff\xfe{\x00"]
NO_OBJECTS = [b"[]", b"1", b'"x"', b"null", b"true"]
BAD_IDS = ["none", "%00", "%ff", "%0d%0aX:y", "..%2f..", "0", "-1", "1.5", "1e3", "+1", "%201", "9223372036854775808", "9" * 30, "x" * 3000]
BAD_KEYS = ["a b", "\xe9", "x" * 129]


class World:
    """A service with a study for outside workers, whose trial 1 is held, 2 has ended and 3 waits, and one whose model is fitted."""

    def __init__(self, server: Server):
        self.server = server
        self.host, _, port = server.url.removeprefix("http://").rpartition(":")
        self.connection = http.client.HTTPConnection(self.host, int(port), timeout=DEADLINE)
        self.document = self.good("GET", "/openapi.json")
        self.studies = {"outside": self.good("POST", "/api/v1/studies", FILE)["id"],
                        "modelled": self.good("POST", "/api/v1/studies", FILE | {"method": "gp"})["id"]}
        trials = f"/api/v1/studies/{self.studies['outside']}/trials"
        self.held, broken = (trial["attempt"]["token"] for trial in
                             self.good("POST", f"{trials}:suggest", {"client_id": "w", "count": 2})["trials"])
        self.good("POST", f"{trials}/1:report", {"token": self.held, "step": 0, "metrics": {"loss": 2}})
        self.good("POST", f"{trials}/2:complete", {"token": broken, "state": "INFEASIBLE"})
        self.good("POST", trials, {"params": POINT})
        for k in range(9):
            self.good("POST", f"/api/v1/studies/{self.studies['modelled']}/trials",
                      {"params": {"x": (k * 0.37 + 0.1) % 1, "n": k + 1}, "value": (k - 4) ** 2 / 20})
        self.good("POST", f"/api/v1/studies/{self.studies['modelled']}/trials:suggest", {"client_id": "w", "timeout_ms": 20_000})

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
        """Bytes as they are; the answer's status, headers and body."""
        self.connection.putrequest(method, path, skip_accept_encoding=True)
        sent = {"Authorization": f"Bearer {self.server.token}"} | (headers or {})
        if body is not None:
            sent |= {"Content-Length": str(len(body))}
            sent = {"Content-Type": "application/json"} | sent
        for name, value in sent.items():
            if value is not None:
                self.connection.putheader(name, value)
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.will_close:
            self.connection.close()
        return answer.status, answer.headers, text

    def good(self, method: str, path: str, body=None):
        status, _, text = self.send(method, path, json.dumps(body).encode() if body is not None else None)
        assert status < 300, (method, path, status, text)
        return json.loads(text)

    def state(self):
        """All that a client can see, but for the time."""
        studies = self.good("GET", "/api/v1/studies?page_size=1000")["studies"]
        for study in studies:
            study.pop("active_ms", None)
        trials = [self.good("GET", f"/api/v1/studies/{study['id']}/trials?page_size=1000") for study in studies]
        return studies, trials, self.good("GET", f"/api/v1/studies/{self.studies['outside']}/trials/1")["records"]

    def resolve(self, value: dict) -> dict:
        while "$ref" in value:
            value = self.document["components"][value["$ref"].split("/")[2]][value["$ref"].split("/")[3]]
        return value


class Operation:
    def __init__(self, world: World, method: str, path: str, item: dict, about: dict):
        self.id, self.method, self.pattern, self.role = about["operationId"], method.upper(), path, about["x-role"]
        self.case = CASES[self.id]
        parameters = [world.resolve(one) for one in item.get("parameters", []) + about.get("parameters", [])]
        self.query = [one for one in parameters if one["in"] == "query"]
        self.path_parameters = [one["name"] for one in parameters if one["in"] == "path"]
        self.schema = about["requestBody"]["content"]["application/json"]["schema"] if "requestBody" in about else None
        self.methods = {other.upper() for other in item if other != "parameters"}
        self.values = {"study": world.studies[self.case.get("study", "outside")], "trial": self.case.get("trial", 1), "attempt": 1}
        self.body = copy.deepcopy(self.case.get("body"))
        if self.body and self.body.get("token") == "HELD":
            self.body["token"] = world.held

    def path(self, query: list[tuple[str, str]] | None = None, **values) -> str:
        path = self.pattern.format(**{name: values.get(name, self.values[name]) for name in self.path_parameters})
        pairs = list(self.case.get("query", {}).items()) if query is None else query
        return path + ("?" + urllib.parse.urlencode(pairs) if pairs else "")


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(pathlib.Path(cls.folder.name), "--rate-limit", "0")
        cls.world = World(cls.server)
        document = cls.world.document
        cls.operations = {about["operationId"]: Operation(cls.world, method, path, item, about)
                          for path, item in document["paths"].items() for method, about in item.items()
                          if method != "parameters" and about["operationId"] in CASES}
        cls.problem = jsonschema.Draft202012Validator(document["components"]["schemas"]["Problem"] | {"additionalProperties": False})
        cls.before = cls.world.state()

    @classmethod
    def tearDownClass(cls):
        cls.world.connection.close()
        cls.server.stop()
        cls.folder.cleanup()

    def setUp(self):
        # Its lease would end in the course of a slow run, which is a change.
        self.keep_alive()

    def tearDown(self):
        self.assertEqual(self.world.state(), self.before, "something has changed")

    def keep_alive(self):
        self.world.good("POST", f"/api/v1/studies/{self.world.studies['outside']}/trials/1:heartbeat", {"token": self.world.held})

    def refused(self, operation: Operation, status, method=None, path=None, body=None, headers=None, field=None):
        """Sends it; `status` is the one of the answer, or several that are right."""
        path = operation.path() if path is None else path
        got, head, text = self.world.send(method or operation.method, path, body, headers)
        what = f"{operation.id}: {method or operation.method} {path[:200]} {headers or ''} {(body or b'')[:300]!r} -> {got} {text[:600]!r}"
        self.assertIn(got, (status,) if isinstance(status, int) else status, what)
        self.assertEqual(head.get_content_type(), "application/problem+json", what)
        problem = json.loads(text)
        self.problem.validate(problem)
        self.assertEqual(problem["status"], got, what)
        self.assertTrue(problem["code"] and problem["detail"], what)
        self.assertEqual(problem["request_id"], head["X-Request-Id"], what)
        self.assertTrue(all(fault["message"] for fault in problem["errors"]), what)
        if field is not None:
            self.assertTrue(any(fault["field"] == field or fault["field"].startswith((field + ".", field + "["))
                                for fault in problem["errors"]), f"{field} is not named: {what}")
        if (method or operation.method) != "GET":
            self.assertEqual(self.world.state(), self.before, f"something has changed: {what}")

    def test_every_operation_has_its_case(self):
        described = {about["operationId"] for item in self.world.document["paths"].values() for method, about in item.items()
                     if method != "parameters"}
        self.assertEqual(set(CASES), described)

    def test_unknown_paths_and_ids(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                for name in operation.path_parameters:
                    for bad in BAD_IDS:
                        self.refused(operation, 404, path=operation.path(**{name: bad}),
                                     body=json.dumps(operation.body).encode() if operation.body is not None else None)
                self.refused(operation, (404, 405), path=operation.path(query=[]) + "%2fmore", method="POST", body=b"{}")

    def test_wrong_methods(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                for method in METHODS:
                    if method not in operation.methods:
                        self.refused(operation, 405, method=method, path=operation.path(query=[]))
                self.refused(operation, (400, 405), method="BREW", path=operation.path(query=[]))

    def test_bad_queries(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                given = list(operation.case.get("query", {}).items())
                body = json.dumps(operation.body).encode() if operation.body is not None else None
                self.refused(operation, 400, path=operation.path(given + [("nonsense", "1")]), body=body, field="nonsense")
                self.refused(operation, 400, path=operation.path(given + [("\0\xff", "1")]), body=body)
                for parameter in operation.query:
                    name, schema = parameter["name"], self.world.resolve(parameter["schema"])
                    others = [(key, value) for key, value in given if key != name]
                    if schema.get("type") == "integer":
                        bad = ["x", "1.5", "-1", "1e3", "NaN", "0x1", " 1", "1 ", "9" * 30, "\0"]
                        bad += [str(schema["minimum"] - 1)] if schema.get("minimum", 0) > 0 else []
                        bad += [str(schema["maximum"] + 1)] if "maximum" in schema else []
                        for value in bad:
                            self.refused(operation, 400, path=operation.path(others + [(name, value)]), field=name)
                    if schema.get("type") == "integer" or "enum" in schema:
                        self.refused(operation, 400, path=operation.path(others + [(name, "1"), (name, "2")]), field=name)
                    if "enum" in schema:
                        self.refused(operation, 400, path=operation.path(others + [(name, "nonsense")]), field=name)

    def test_bad_query_values_of_free_text(self):
        for operation, query, field in (
                ("listTrials", [("state", "NONSENSE")], "state"), ("listTrials", [("filter", "nonsense>1")], "filter"),
                ("listTrials", [("page_token", "\xff")], "page_token"), ("listTrials", [("page_token", "1:NaN")], "page_token"),
                ("listTrials", [("page_token", "0")], "page_token"), ("listStudies", [("page_token", "x")], "page_token"),
                ("sliceSurrogate", [("params", "{")], "params"), ("sliceSurrogate", [("params", '{"x": 5, "n": 1}')], "params"),
                ("sliceSurrogate", [("params", '{"x": 0.5}')], "params"), ("sliceSurrogate", [("parameter", "none")], "parameter"),
                ("sliceSurrogate", [("parameter", "x,x")], "parameter"), ("sliceSurrogate", [("trial", "1"), ("params", "{}")], "params"),
                ("contourSurrogate", [("x", "x"), ("y", "x")], "y"), ("contourSurrogate", [("x", "none"), ("y", "x")], "x"),
                ("contourSurrogate", [("x", "x")], "y"), ("reasonOfTrial", [], "trial"),
                ("getAttemptLog", [("tail", "1"), ("offset", "1")], "tail")):
            self.refused(self.operations[operation], 400, path=self.operations[operation].path(query), field=field)
        for operation in ("sliceSurrogate", "contourSurrogate", "reasonOfTrial"):
            query = list(CASES[operation].get("query", {}).items())
            self.refused(self.operations[operation], 404,
                         path=self.operations[operation].path([pair for pair in query if pair[0] != "trial"] + [("trial", "999")]))
        self.refused(self.operations["followStudy"], 400, headers={"Last-Event-ID": "x"}, field="Last-Event-ID")

    def test_bodies_that_are_no_json_objects(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                if operation.body is None:
                    continue
                for body in MALFORMED + NO_OBJECTS:
                    self.refused(operation, 400, body=body)
                good = json.dumps(operation.body).encode()
                for media in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", ""):
                    self.refused(operation, 415, body=good, headers={"Content-Type": media})
                self.refused(operation, 415, body=good, headers={"Content-Encoding": "gzip"})
                self.refused(operation, 413, body=b" " * ((1 << 20) + 1))
                self.refused(operation, 413, headers={"Content-Length": str(1 << 40), "Content-Type": "application/json"})

    def test_bodies_where_none_belongs(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                if operation.schema is None and operation.method in ("POST", "DELETE"):
                    self.refused(operation, 400, body=b'{"nonsense": 1}', field="nonsense")

    def test_bodies_with_wrong_members(self):
        for operation in self.operations.values():
            with self.subTest(operation.id):
                if operation.body is None:
                    continue
                schema = self.world.resolve(operation.schema)
                for body, field in self.wrong_objects(operation.body, schema, ""):
                    self.refused(operation, 400, body=json.dumps(body).encode(), field=field)
                many = operation.body | {f"k{i}": i for i in range(2000)}
                self.refused(operation, 400, body=json.dumps(many).encode())

    def wrong_objects(self, good: dict, schema: dict, path: str):
        """The object with one thing wrong, and the path of what is wrong."""
        at = lambda name: f"{path}.{name}" if path else name
        yield good | {"nonsense": 1}, at("nonsense")
        yield good | {"": 1}, None
        for name in schema.get("required", []):
            yield {key: value for key, value in good.items() if key != name}, at(name)
        for name, inner in schema.get("properties", {}).items():
            inner = self.world.resolve(inner)
            for value in self.wrong_values(inner):
                yield good | {name: value}, at(name)
            if inner.get("type") == "object" and "properties" in inner:
                for value, field in self.wrong_objects({}, inner, at(name)):
                    yield good | {name: value}, field

    def wrong_values(self, schema: dict):
        deep = 1
        for _ in range(50):
            deep = [deep]
        kind = schema.get("type")
        yield deep
        if isinstance(kind, list):
            yield from (True, None, [], {})
        elif kind == "integer":
            yield from ("1", "NaN", 1.5, True, None, [], {}, 1e300, -1e300, 10**30)
            yield from [schema["minimum"] - 1] if "minimum" in schema else []
            yield from [schema["maximum"] + 1] if "maximum" in schema else []
        elif kind == "string":
            yield from (1, 0.5, True, None, [], {})
            yield from ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
            yield from [""] if schema.get("minLength", 0) > 0 else []
        elif kind == "boolean":
            yield from (1, "true", None, [], {})
        elif kind == "array":
            yield from (1, "x", {}, None, [None], [{}])
        elif kind == "object":
            yield from (1, "x", [], None, True)
            yield from [{}] if schema.get("minProperties", 0) > 0 else []
            if isinstance(schema.get("additionalProperties"), dict):
                yield from ({"loss": None}, {"loss": []}, {"loss": {}}, {"x": None, "n": 1}, {"x": [], "n": 1})
        elif "enum" in schema:
            yield from ("nonsense", "", 1, None, [], {})
        elif kind == "number" or "anyOf" in schema:
            yield from ("x", "1", "inf", True, None, [], {})

    def test_wrong_values(self):
        for name, changes, status, field in WRONG_BODIES:
            with self.subTest(f"{name} {str(changes)[:100]}"):
                operation = self.operations[name]
                body = {key: value for key, value in (operation.body | changes).items() if value is not None}
                self.refused(operation, status, body=json.dumps(body).encode(), field=field)

    def test_who_may_not(self):
        tokens = {role: run("token", "create", role, "--role", role, "--data-dir", self.folder.name).stdout.strip()
                  for role in ("viewer", "operator")}
        below = {"viewer": (), "operator": ("viewer",), "admin": ("viewer", "operator")}
        for operation in self.operations.values():
            with self.subTest(operation.id):
                if operation.role == "none":
                    continue
                body = json.dumps(operation.body).encode() if operation.body is not None else None
                for wrong in (None, "Bearer", "Bearer ", "Bearer x", "Basic " + base64.b64encode(b"a:b").decode(), "Bearer " + "x" * 4000):
                    self.refused(operation, 401, body=body, headers={"Authorization": wrong})
                self.refused(operation, 401, body=body, headers={"Authorization": None, "Cookie": "krige=x; krige_session=" + "y" * 500})
                for role in below[operation.role]:
                    self.refused(operation, 403, body=body, headers={"Authorization": f"Bearer {tokens[role]}"})
                self.refused(operation, 403, body=body, headers={"Host": "evil.example"})
                if operation.pattern.startswith("/api/"):
                    self.refused(operation, 403, body=body, headers={"Origin": "http://evil.example"})

    def test_preconditions_and_keys(self):
        update = self.operations["updateStudy"]
        for tag in ('"0000000000000000"', "x", "W/\"1\"", "\"" + "x" * 2000 + "\""):
            self.refused(update, 412, body=b'{"name": "new"}', headers={"If-Match": tag}, field="If-Match")
        for operation in self.operations.values():
            with self.subTest(operation.id):
                if operation.method != "POST":
                    continue
                body = json.dumps(operation.body).encode()
                for key in BAD_KEYS if operation.role != "none" else ():
                    self.refused(operation, 400, body=body, headers={"Idempotency-Key": key}, field="Idempotency-Key")

    def test_what_has_ended_cannot_go_on(self):
        outside = self.operations["completeTrial"]
        for name in ("reportTrial", "heartbeatTrial", "completeTrial"):
            operation = self.operations[name]
            body = json.dumps(operation.body).encode()
            self.refused(operation, 409, path=operation.path(trial=2), body=body)  # it has ended
            self.refused(operation, 409, path=operation.path(trial=3), body=body)  # nobody has it
        self.refused(self.operations["retryTrial"], 409, path=self.operations["retryTrial"].path(trial=1), body=b"{}")
        self.refused(outside, 400, body=b'{"token": "x", "value": 1, "state": "FAILED"}')

    def test_a_key_is_for_one_request(self):
        check, key = self.operations["checkStudyFile"], {"Idempotency-Key": "once"}
        status, _, _ = self.world.send("POST", check.path(), json.dumps(check.body).encode(), key)
        self.assertEqual(status, 200)
        self.refused(check, 422, body=b'{"text": "other"}', headers=key)


if __name__ == "__main__":
    unittest.main()

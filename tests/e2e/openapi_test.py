"""The running service against its own description: every operation is called, every answer is what the schema says, and
nothing else: a member that the description does not name is a fault."""
import copy
import json
import pathlib
import tempfile
import unittest
import urllib.error
import urllib.request

import jsonschema

from support import DEADLINE, Server, study_of_digits, wait_for

OUTSIDE = {"name": "outside", "method": "random", "seed": 1, "metric": {"name": "loss", "goal": "minimize"},
           "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "n": {"type": "int", "min": 1, "max": 9},
                          "c": {"values": ["a", "b"]}}, "budget": {"max_trials": 20, "parallel": 4}}


def closed(schema):
    """The schema with no members but those that it names."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        schema = [closed(value) for value in schema]
    return schema


class Description:
    def __init__(self, server: Server):
        self.server = server
        with urllib.request.urlopen(f"{server.url}/openapi.json", timeout=DEADLINE) as answer:
            self.document = json.load(answer)
        self.components = closed(self.document["components"])
        self.operations = {operation["operationId"]: (method.upper(), path, operation)
                           for path, item in self.document["paths"].items() for method, operation in item.items()
                           if method != "parameters"}
        self.called = set()

    def validate(self, schema: dict, value):
        whole = closed(copy.deepcopy(schema)) | {"components": self.components}
        jsonschema.Draft202012Validator(whole).validate(value)

    def call(self, operation: str, body=None, query: str = "", expect: int = 200, stream: bool = False, binary: bool = False,
             headers={}, **parameters):
        """Calls it, holds request and answer against the description; the answer as a value and its headers."""
        method, path, about = self.operations[operation]
        if body is not None and expect < 400:
            self.validate(about["requestBody"]["content"]["application/json"]["schema"], body)
        for name, value in parameters.items():
            path = path.replace("{" + name + "}", str(value))
        sent = {"Authorization": f"Bearer {self.server.token}", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.server.url + path + query, method=method, headers=sent,
                                         data=json.dumps(body).encode() if body is not None else None)
        try:
            answer = urllib.request.build_opener(NoRedirect).open(request, timeout=DEADLINE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            status, got = answer.status, answer.headers
            text = answer.readline() if stream else answer.read()
        if status != expect:
            raise AssertionError(f"{operation}: {status} instead of {expect}: {text[:500]}")
        self.called.add(operation)
        said = about["responses"].get(str(status))
        if said is None:
            said = self.document["components"]["responses"]["Problem"]
            assert status >= 400, f"{operation} does not say that it answers {status}"
        for name in said.get("headers", {}) if status in (201, 303) and operation != "followLoginAddress" else ():
            assert got[name], f"{operation}: no header {name}"
        media = got.get_content_type()
        if "content" not in said:
            assert text == b"", text
            return None, got
        schema = said["content"][media]["schema"]
        if binary:
            return text, got
        value = json.loads(text) if media.endswith("json") else text.decode()
        self.validate(schema, value)
        return value, got


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class OpenApi(unittest.TestCase):
    def test_every_operation_answers_as_described(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(pathlib.Path(folder))
            try:
                api = Description(server)
                self.call_all(api)
                self.assertEqual(api.called, set(api.operations))
            finally:
                server.stop()

    def call_all(self, api: Description):
        self.service(api)
        study, _ = api.call("createStudy", OUTSIDE, expect=201)
        self.workers(api, study["id"])
        self.steering(api, study["id"])
        self.trained(api)
        self.modelled(api)
        self.several_objectives(api)
        self.faults(api, study["id"])
        api.call("deleteStudy", expect=204, study=study["id"])
        self.assertEqual(api.call("listAudit", query="?page_size=1")[0]["events"][0]["method"], "DELETE")

    def service(self, api: Description):
        for operation in ("isAlive", "isReady", "getDescription", "getMetrics"):
            api.call(operation)
        self.assertEqual(api.call("getSession")[0], {"name": "local", "role": "admin"})
        api.call("signIn", {"token": api.server.token})
        api.call("signIn", {"token": "wrong"}, expect=401)
        api.call("signOut", expect=204)
        api.call("followLoginAddress", query="?code=wrong", expect=303)
        api.call("followStudies", stream=True)

    def workers(self, api: Description, study: str):
        given, _ = api.call("suggestTrials", {"count": 3, "client_id": "w"}, study=study)
        first, second, third = given["trials"]
        held = {"token": first["attempt"]["token"]}
        api.call("reportTrial", held | {"step": 1, "metrics": {"loss": 0.5, "other": "NaN"}}, study=study, trial=first["id"])
        api.call("heartbeatTrial", held, study=study, trial=first["id"])
        api.call("completeTrial", held | {"metrics": {"loss": 0.25}}, study=study, trial=first["id"])
        api.call("completeTrial", held | {"value": 1}, study=study, trial=first["id"], expect=409)
        api.call("completeTrial", {"token": second["attempt"]["token"], "value": "Infinity"}, study=study, trial=second["id"])
        api.call("completeTrial", {"token": third["attempt"]["token"], "state": "FAILED", "reason": "broken"}, study=study,
                 trial=third["id"])
        detail, _ = api.call("getTrial", study=study, trial=first["id"])
        self.assertEqual(len(detail["records"]), 2)  # the report, and the metrics at its end
        api.call("retryTrial", {}, study=study, trial=third["id"], expect=201)
        api.call("addTrial", {"params": {"x": 0.5, "n": 3, "c": "a"}, "value": 0.75}, study=study, expect=201)
        api.call("addTrial", {"params": {"x": 0.5, "n": 4, "c": "b"}}, study=study, expect=201)
        given, _ = api.call("suggestTrials", {"client_id": "stopped"}, study=study)
        for _ in range(2):
            stopped, _ = api.call("stopTrial", {}, study=study, trial=given["trials"][0]["id"])
            self.assertEqual(stopped["state"], "STOPPING")
        api.call("stopTrial", {}, study=study, trial=first["id"], expect=409)
        page, _ = api.call("listTrials", query="?page_size=2&state=COMPLETED,FAILED", study=study)
        self.assertEqual(len(page["trials"]), 2)
        self.assertEqual(page["total_size"], 3)
        page, _ = api.call("listTrials", query="?order_by=x%20desc&filter=n%3E2%20state=completed&offset=0", study=study)
        self.assertTrue(all(trial["params"]["n"] > 2 for trial in page["trials"]))
        api.call("followStudy", query="?after=0", study=study, stream=True)
        listed, _ = api.call("followStudy", query="?after=0", study=study, headers={"Accept": "application/json"})
        self.assertEqual(listed["events"][0]["type"], "STUDY_CREATED")
        api.call("followStudies", query=f"?others=false&study={study}:0", stream=True)
        self.assertEqual(api.call("getHistory", study=study)[0]["improvements"][0], [first["id"], 0.25])
        self.assertIn(first["id"], api.call("sampleTrials", query="?top=50&limit=10", study=study)[0]["trials"])

    def modelled(self, api: Description):
        """What the Gaussian process of a study believes."""
        file = OUTSIDE | {"name": "modelled", "method": "gp"}
        checked, _ = api.call("checkStudyFile", {"text": json.dumps(file)})
        study = api.call("createStudy", checked["spec"], expect=201)[0]["id"]
        api.call("sliceSurrogate", study=study, expect=409)
        for k in range(9):
            point = {"x": (k * 0.37 + 0.1) % 1, "n": k + 1, "c": "ab"[k % 2]}
            api.call("addTrial", {"params": point, "value": (point["x"] - 0.4) ** 2 + point["n"] / 20}, study=study, expect=201)
        chosen = api.call("suggestTrials", {"count": 2, "client_id": "w", "timeout_ms": 20_000}, study=study)[0]["trials"]
        sliced, _ = api.call("sliceSurrogate", query="?trial=1&points=5", study=study)
        self.assertEqual([one["parameter"] for one in sliced["slices"]], ["x", "n", "c"])
        api.call("contourSurrogate", query="?x=x&y=n&points=4", study=study)
        self.assertEqual(api.call("trustSurrogate", study=study)[0]["observations"], 9)
        api.call("importanceOfParameters", study=study)
        api.call("reasonOfTrial", query=f"?trial={chosen[0]['id']}", study=study)
        api.call("nextSuggestion", study=study)
        api.call("reportTrial", {"token": chosen[0]["attempt"]["token"], "step": 1, "metrics": {"loss": 0.5}}, study=study,
                 trial=chosen[0]["id"])
        self.assertEqual(api.call("listCurves", study=study)[0]["curves"][0]["points"], [[1, 0.5]])

    def several_objectives(self, api: Description):
        file = {key: value for key, value in OUTSIDE.items() if key != "metric"}
        file |= {"objectives": [{"name": "loss", "goal": "minimize"}, {"name": "speed", "goal": "maximize"}],
                 "constraints": [{"name": "memory", "max": 10}]}
        study = api.call("createStudy", file, expect=201)[0]["id"]
        given = api.call("suggestTrials", {"count": 2, "client_id": "w"}, study=study)[0]["trials"]
        for trial, memory in zip(given, (5, 20)):
            held = {"token": trial["attempt"]["token"], "metrics": {"loss": 1, "speed": 2, "memory": memory}}
            api.call("completeTrial", held, study=study, trial=trial["id"])
        optimal, _ = api.call("listOptimalTrials", study=study)
        self.assertEqual([trial["id"] for trial in optimal["trials"]], [given[0]["id"]])
        self.assertEqual(api.call("getStudy", study=study)[0]["optimal"], [given[0]["id"]])
        self.assertGreater(api.call("sampleTrials", study=study)[0]["hypervolume"]["volume"], 0)
        api.call("getHistory", query="?objective=speed", study=study)

    def steering(self, api: Description, study: str):
        view, headers = api.call("getStudy", study=study)
        self.assertEqual(view["best"]["value"], 0.25)
        api.call("updateStudy", {"name": "renamed", "budget": {"max_trials": 30}}, study=study,
                 headers={"If-Match": headers["ETag"]})
        api.call("updateStudy", {"name": "again"}, study=study, headers={"If-Match": headers["ETag"]}, expect=412)
        for operation in ("pauseStudy", "resumeStudy"):
            api.call(operation, {}, study=study)
        copied, _ = api.call("cloneStudy", {"name": "clone", "warm_start": True}, study=study, expect=201)
        api.call("stopStudy", {}, study=copied["id"])
        api.call("listStudies", query="?page_size=1")

    def trained(self, api: Description):
        """A study that the server runs itself, by the Gaussian process: fits, attempts, suggestions that say why."""
        small = study_of_digits(1) | {"method": "gp", "keep_models": 1}
        small["budget"] = {"max_trials": 8, "parallel": 2}
        study, _ = api.call("createStudy", small, expect=201)
        wait_for("its end", lambda: api.call("getStudy", study=study["id"])[0]["state"] == "COMPLETED")
        page, _ = api.call("listTrials", study=study["id"])
        self.assertIn("gp", {trial["suggestion"]["method"] for trial in page["trials"]})
        best = api.call("getStudy", study=study["id"])[0]["best"]["trial"]
        self.assertTrue(api.call("getTrialModel", study=study["id"], trial=best, binary=True)[0].startswith(b"KRIGEMDL"))
        api.call("getTrialModel", study=study["id"], trial=best % 8 + 1, expect=404)
        cluster, _ = api.call("getTrialCluster", study=study["id"], trial=best)
        self.assertEqual([one["role"] for one in cluster["processes"]], ["coordinator", "shard", "worker", "worker"])
        self.assertFalse(cluster["live"])
        log, headers = api.call("getAttemptLog", study=study["id"], trial=1, attempt=1)
        self.assertIn('"train_loss"', log)
        self.assertEqual(int(headers["X-Log-Size"]), len(log))
        rest, _ = api.call("getAttemptLog", query="?offset=5", study=study["id"], trial=1, attempt=1)
        self.assertEqual(rest, log[5:])
        api.call("getAttemptLog", query="?offset=5&tail=1", study=study["id"], trial=1, attempt=1, expect=400)
        api.call("getAttemptLog", study=study["id"], trial=1, attempt=9, expect=404)

    def faults(self, api: Description, study: str):
        api.call("createStudy", {"parameters": {}, "naem": "x"}, expect=400)
        api.call("getStudy", study="nothing", expect=404)
        api.call("getTrial", study=study, trial=999, expect=404)
        api.call("listTrials", query="?page_size=0", study=study, expect=400)


if __name__ == "__main__":
    unittest.main()

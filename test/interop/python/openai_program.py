"""An existing OpenAI program, changed in nothing but `base_url` and `api_key`."""
import asyncio
import json
import os
import threading
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
from openai import AsyncOpenAI, OpenAI

BASE_URL = os.environ["B3IQ_BASE_URL"]
MODEL = os.environ["B3IQ_MODEL"]
EMBEDDING_MODEL = os.environ["B3IQ_EMBEDDING_MODEL"]
KEYS = json.loads(os.environ["B3IQ_KEYS"])

client = OpenAI(base_url=BASE_URL, api_key=KEYS["full"], timeout=60)
HELLO = [{"role": "user", "content": "Say hello."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
PERSON = {
    "type": "object",
    "properties": {"isAdult": {"type": "boolean"}},
    "required": ["isAdult"],
    "additionalProperties": False,
}


def client_of(key, **options):
    return OpenAI(base_url=BASE_URL, api_key=KEYS[key], timeout=60, **{"max_retries": 0, **options})


class Answers(unittest.TestCase):
    def test_models_are_listed_and_one_is_shown(self):
        ids = [model.id for model in client.models.list()]
        self.assertIn(MODEL, ids)
        self.assertEqual(client.models.retrieve(MODEL).id, MODEL)

    def test_chat_answers_with_usage_and_a_request_id(self):
        answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=16)
        self.assertTrue(answer.choices[0].message.content)
        self.assertGreater(answer.usage.completion_tokens, 0)
        self.assertTrue(answer._request_id)
        self.assertIn("receipt_hash", answer.model_extra["b3iq"])

    def test_chat_streams_and_tells_usage_when_asked(self):
        options = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(
                model=MODEL, messages=HELLO, max_tokens=16, stream=True, stream_options=options
            )
        )
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        self.assertTrue(text)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertIsNone(chunks[0].usage)
        self.assertGreater(chunks[-1].usage.total_tokens, 0)

    def test_tools_are_called_as_they_are_described(self):
        answer = client.chat.completions.create(
            model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice="required", max_tokens=128
        )
        call = answer.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        self.assertIn(json.loads(call.function.arguments)["city"], ["Oslo", "Rome"])

    def test_json_schemas_are_kept(self):
        schema = {"name": "person", "strict": True, "schema": PERSON}
        answer = client.chat.completions.create(
            model=MODEL,
            messages=HELLO,
            response_format={"type": "json_schema", "json_schema": schema},
            max_tokens=64,
        )
        self.assertIsInstance(json.loads(answer.choices[0].message.content)["isAdult"], bool)

    def test_completions_go_on_with_a_text(self):
        answer = client.completions.create(model=MODEL, prompt="Once upon a time", max_tokens=16)
        self.assertEqual(answer.object, "text_completion")
        self.assertTrue(answer.choices[0].text)

    def test_embeddings_are_vectors_of_one_length(self):
        texts = ["a cat", "a dog", "a cat"]
        answer = client.embeddings.create(model=EMBEDDING_MODEL, input=texts)
        one, other, again = [row.embedding for row in answer.data]
        self.assertEqual(len(one), len(other))
        self.assertNotEqual(one, other)
        for left, right in zip(one, again):
            self.assertAlmostEqual(left, right, places=3)
        self.assertGreater(answer.usage.prompt_tokens, 0)

    def test_responses_answer(self):
        answer = client.responses.create(model=MODEL, input="Say hello.", max_output_tokens=16)
        self.assertTrue(answer.output_text)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_responses_stream_to_the_same_object(self):
        # A schema, because the SDK wants a completed response, and the demo model ends nowhere else.
        shape = {"format": {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}}
        with client.responses.stream(model=MODEL, input="Say hello.", text=shape) as stream:
            deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
            final = stream.get_final_response()
        self.assertEqual("".join(deltas), final.output_text)
        self.assertIsInstance(json.loads(final.output_text)["isAdult"], bool)

    def test_the_async_client_does_the_same(self):
        async def ask():
            async with AsyncOpenAI(base_url=BASE_URL, api_key=KEYS["full"]) as one:
                stream = await one.chat.completions.create(
                    model=MODEL, messages=HELLO, max_tokens=8, stream=True
                )
                return "".join([c.choices[0].delta.content or "" async for c in stream])

        self.assertTrue(asyncio.run(ask()))


class Errors(unittest.TestCase):
    def expect(self, kind, status, code, ask):
        with self.assertRaises(kind) as raised:
            ask()
        self.assertEqual(raised.exception.status_code, status)
        self.assertEqual(raised.exception.code, code)
        self.assertTrue(raised.exception.request_id)
        return raised.exception

    def chat(self, key="full", model=MODEL, **fields):
        return lambda: client_of(key).chat.completions.create(
            model=model, messages=fields.pop("messages", HELLO), **fields
        )

    def test_a_wrong_key_is_an_authentication_error(self):
        self.expect(openai.AuthenticationError, 401, "invalid_api_key", self.chat("wrong"))

    def test_a_wrong_value_is_a_bad_request(self):
        error = self.expect(
            openai.BadRequestError, 400, "invalid_value", self.chat(temperature=9)
        )
        self.assertEqual(error.param, "temperature")

    def test_an_unknown_model_is_not_found(self):
        self.expect(openai.NotFoundError, 404, "model_not_found", self.chat(model="maker/none"))

    def test_a_missing_scope_is_a_denied_permission(self):
        self.expect(openai.PermissionDeniedError, 403, "missing_scope", self.chat("reader"))

    def test_an_empty_balance_is_402_and_not_retried(self):
        self.expect(openai.APIStatusError, 402, "insufficient_balance", self.chat("poor"))

    def test_a_reached_limit_is_a_rate_limit_error_that_says_when(self):
        ask = self.chat("limited", max_tokens=4)
        with self.assertRaises(openai.RateLimitError) as raised:
            for _ in range(3):
                ask()
        headers = raised.exception.response.headers
        self.assertEqual(raised.exception.code, "rate_limit_exceeded")
        self.assertEqual(headers["x-b3iq-limit-kind"], "rpm")
        self.assertEqual(headers["x-ratelimit-limit-requests"], "1")
        self.assertEqual(headers["x-ratelimit-remaining-requests"], "0")
        self.assertLessEqual(float(headers["retry-after"]), 60)


class Retries(unittest.TestCase):
    def test_the_sdk_retries_by_itself_and_is_served_once(self):
        seen = []

        class Flaky(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                seen.append(self.headers.get("x-stainless-retry-count"))
                if len(seen) == 1:
                    self.send_response(503)
                    self.send_header("retry-after", "0")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                kept = ("authorization", "content-type", "x-stainless-retry-count")
                headers = {name: self.headers[name] for name in kept if self.headers[name]}
                url = BASE_URL.removesuffix("/v1") + self.path
                with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as reply:
                    answer = reply.read()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/v1"
            one = OpenAI(base_url=url, api_key=KEYS["full"], timeout=60)
            messages = [{"role": "user", "content": "Say hello after a while."}]
            answer = one.chat.completions.create(model=MODEL, messages=messages, max_tokens=8)
            self.assertTrue(answer.choices[0].message.content)
            self.assertEqual(seen, ["0", "1"])
        finally:
            server.shutdown()

"""Slack's own SDK against the stand-in: what the SDK sends must be understood, and what the stand-in says and signs
must be what the SDK expects. The binary `stand_ins` of package `local` must have been built before."""

import json
import urllib.error
import urllib.request
from urllib.parse import parse_qs

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackObjectFormationError
from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient


@pytest.fixture
def client(stand_in):
    return WebClient(token=stand_in["slack_bot_token"], base_url=stand_in["slack"] + "/api/")


@pytest.fixture
def channel(stand_in):
    return stand_in["slack_channel"]


def plain(text):
    return {"type": "plain_text", "text": text}


def button(action_id, **more):
    return {"type": "button", "action_id": action_id, "text": plain(action_id.title()), "value": "r1", **more}


def confirm(**more):
    whole = {"title": plain("Sure?"), "text": plain("Removes 1 rule."), "confirm": plain("Deny"), "deny": plain("Keep")}
    return {**whole, "style": "danger", **more}


def card():
    return [
        {"type": "header", "block_id": "r1.1.header", "text": plain("Approval needed: tcp 22 opened")},
        {"type": "section", "block_id": "r1.1.facts", "fields": [{"type": "mrkdwn", "text": "*Region*", "verbatim": True}]},
        {"type": "section", "block_id": "r1.1.rules", "text": {"type": "mrkdwn", "text": "```! tcp 22```", "verbatim": True}},
        {"type": "actions", "block_id": "r1.1.actions", "elements": [button("approve"), button("deny", confirm=confirm())]},
        {"type": "context", "block_id": "r1.1.context", "elements": [{"type": "mrkdwn", "text": "Stands", "verbatim": True}]},
    ]


def modal(**more):
    reason = {"type": "plain_text_input", "action_id": "text", "multiline": True, "min_length": 3, "max_length": 500}
    whole = {
        "type": "modal",
        "callback_id": "deny_reason",
        "private_metadata": json.dumps({"requestid": "r1"}),
        "title": plain("Deny"),
        "submit": plain("Deny and revert"),
        "close": plain("Cancel"),
        "blocks": [
            {"type": "section", "block_id": "what", "text": {"type": "mrkdwn", "text": "*1 rule*", "verbatim": True}},
            {"type": "input", "block_id": "reason", "label": plain("Reason"), "element": reason},
        ],
    }
    return {**whole, **more}


def click(stand_in, ts, action_id="deny", user=None):
    body = {"user": user or stand_in["slack_user"], "channel": stand_in["slack_channel"], "ts": ts, "action_id": action_id}
    return person(stand_in, "click", body)


def submit(stand_in, view_id, reason):
    values = {"reason": {"text": reason}}
    return person(stand_in, "submit", {"user": stand_in["slack_user"], "view_id": view_id, "values": values})


def payload_of(request):
    return json.loads(parse_qs(request["body"], strict_parsing=True)["payload"][0])


def person(stand_in, what, body):
    request = urllib.request.Request(
        stand_in["slack"] + "/people/" + what, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_card_is_posted_found_again_by_its_metadata_and_updated(client, channel):
    metadata = {"event_type": "portcullis_card", "event_payload": {"requestid": "r-metadata"}}
    posted = client.chat_postMessage(
        channel=channel, text="Approval needed", blocks=card(), metadata=metadata, unfurl_links=False
    )
    assert posted["message"]["blocks"] == card()

    def mine(page):
        return [m["ts"] for m in page["messages"] if m.get("metadata") == metadata]

    assert mine(client.conversations_history(channel=channel)) == []
    assert mine(client.conversations_history(channel=channel, include_all_metadata=True)) == [posted["ts"]]
    updated = client.chat_update(channel=channel, ts=posted["ts"], text="Approved", blocks=card()[:1])
    assert updated["ts"] == posted["ts"]
    assert updated["message"]["blocks"] == card()[:1]


def test_the_sdk_walks_through_every_page_of_the_history_and_of_a_thread(client, channel):
    parent = client.chat_postMessage(channel=channel, text="parent")["ts"]
    for n in range(5):
        client.chat_postMessage(channel=channel, text=f"reply {n}", thread_ts=parent)
    texts = []
    for page in client.conversations_replies(channel=channel, ts=parent, limit=3):
        texts += [m["text"] for m in page["messages"] if m["ts"] != parent]
    assert texts == [f"reply {n}" for n in range(5)]
    for n in range(5):
        client.chat_postMessage(channel=channel, text=f"page {n}")
    texts = []
    for page in client.conversations_history(channel=channel, limit=2, oldest=parent):
        texts += [m["text"] for m in page["messages"]]
    assert texts == [f"page {n}" for n in reversed(range(5))]


def test_people_and_groups_are_looked_up(client, stand_in):
    user = stand_in["slack_user"]
    assert client.users_lookupByEmail(email="alice@example.com")["user"]["id"] == user
    assert client.users_info(user=user)["user"]["name"] == "alice"
    assert client.usergroups_users_list(usergroup="S0SECURITY")["users"] == [user]
    assert client.auth_test()["bot_id"].startswith("B")
    with pytest.raises(SlackApiError) as refused:
        client.users_lookupByEmail(email="nobody@example.com")
    assert refused.value.response["error"] == "users_not_found"


def test_a_whisper_needs_somebody_in_the_channel(client, channel, stand_in):
    whispered = client.chat_postEphemeral(channel=channel, user=stand_in["slack_user"], text="You opened this yourself.")
    assert whispered["message_ts"]
    with pytest.raises(SlackApiError) as refused:
        client.chat_postEphemeral(channel=channel, user="U0STRANGER", text="?")
    assert refused.value.response["error"] == "user_not_in_channel"


def test_slacks_verifier_accepts_a_click_and_nothing_that_was_changed(client, channel, stand_in):
    ts = client.chat_postMessage(channel=channel, text="Approval needed", blocks=card())["ts"]
    request = click(stand_in, ts)
    verifier = SignatureVerifier(stand_in["slack_signing_secret"])
    assert verifier.is_valid_request(request["body"], request["headers"])
    assert not verifier.is_valid_request(request["body"] + "x", request["headers"])
    assert not SignatureVerifier("another secret").is_valid_request(request["body"], request["headers"])

    payload = payload_of(request)
    assert payload["type"] == "block_actions"
    assert payload["container"] == {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}
    assert payload["actions"][0]["value"] == "r1"
    assert payload["message"]["blocks"] == card()


def test_the_sdk_opens_a_modal_once_and_reads_what_is_written_into_it(client, channel, stand_in):
    ts = client.chat_postMessage(channel=channel, text="Approval needed", blocks=card())["ts"]
    trigger = payload_of(click(stand_in, ts))["trigger_id"]
    view = View(**modal())
    view.validate_json()
    opened = client.views_open(trigger_id=trigger, view=view)["view"]
    assert View(**opened).callback_id == "deny_reason"
    with pytest.raises(SlackApiError) as again:
        client.views_open(trigger_id=trigger, view=view)
    assert again.value.response["error"] == "exchanged_trigger_id"

    with pytest.raises(urllib.error.HTTPError) as short:
        submit(stand_in, opened["id"], "no")
    assert "3 to 500 characters" in json.load(short.value)["error"]
    request = submit(stand_in, opened["id"], "not now")
    assert SignatureVerifier(stand_in["slack_signing_secret"]).is_valid_request(request["body"], request["headers"])
    payload = payload_of(request)
    assert payload["type"] == "view_submission"
    assert payload["user"]["id"] == stand_in["slack_user"]
    assert "message" not in payload and "response_url" not in payload
    submitted = View(**payload["view"])
    assert json.loads(submitted.private_metadata) == {"requestid": "r1"}
    assert submitted.state.values["reason"]["text"].value == "not now"


TOO_MUCH_FOR_A_MODAL = {
    "title over 24 characters": {"title": plain("x" * 25)},
    "submit over 24 characters": {"submit": plain("x" * 25)},
    "close over 24 characters": {"close": plain("x" * 25)},
    "private_metadata over 3,000 characters": {"private_metadata": "x" * 3001},
    "callback_id over 255 characters": {"callback_id": "x" * 256},
    "101 blocks": {"blocks": [{"type": "divider"}] * 101},
}


@pytest.mark.parametrize("more", TOO_MUCH_FOR_A_MODAL.values(), ids=TOO_MUCH_FOR_A_MODAL.keys())
def test_a_modal_that_the_sdk_would_not_send_the_stand_in_does_not_open(more, client, channel, stand_in):
    with pytest.raises(SlackObjectFormationError):
        View(**modal(**more)).validate_json()
    ts = client.chat_postMessage(channel=channel, text="Approval needed", blocks=card())["ts"]
    trigger = payload_of(click(stand_in, ts))["trigger_id"]
    with pytest.raises(SlackApiError) as refused:
        client.views_open(trigger_id=trigger, view=modal(**more))
    assert refused.value.response["error"] == "invalid_arguments"


def test_the_response_url_of_a_click_and_a_webhook_speak_to_the_sdk(client, channel, stand_in):
    ts = client.chat_postMessage(channel=channel, text="Approval needed", blocks=card())["ts"]
    payload = payload_of(click(stand_in, ts))
    answer = WebhookClient(payload["response_url"]).send(text="Denied: reverting", replace_original=True)
    assert (answer.status_code, answer.body) == (200, "ok")
    newest = client.conversations_history(channel=channel, limit=1)["messages"][0]
    assert (newest["ts"], newest["text"]) == (ts, "Denied: reverting")
    with pytest.raises(urllib.error.HTTPError) as gone:
        click(stand_in, ts)
    assert "has no button deny" in json.load(gone.value)["error"]

    answer = WebhookClient(stand_in["slack_webhook"]).send(text="Approval needed", blocks=card())
    assert (answer.status_code, answer.body) == (200, "ok")
    answer = WebhookClient(stand_in["slack_webhook"]).send(blocks=[{"type": "poll"}])
    assert (answer.status_code, answer.body) == (400, "invalid_blocks")


def test_the_sdk_reads_every_block_of_the_card(client):
    for block in card():
        parsed = Block.parse(block)
        parsed.validate_json()
        assert parsed.to_dict() == block


TOO_MUCH = {
    "header over 150 characters": [{"type": "header", "text": plain("x" * 151)}],
    "section without text": [{"type": "section"}],
    "11 fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "26 buttons": [{"type": "actions", "elements": [button(f"b{n}") for n in range(26)]}],
    "11 context elements": [{"type": "context", "elements": [plain("x")] * 11}],
    "button text over 75 characters": [{"type": "actions", "elements": [button("x" * 76)]}],
    "value over 2,000 characters": [{"type": "actions", "elements": [button("deny", value="x" * 2001)]}],
    "unknown style": [{"type": "actions", "elements": [button("deny", style="warning")]}],
    "dialog title over 100 characters": [
        {"type": "actions", "elements": [button("deny", confirm=confirm(title=plain("x" * 101)))]}
    ],
    "dialog text over 300 characters": [
        {"type": "actions", "elements": [button("deny", confirm=confirm(text=plain("x" * 301)))]}
    ],
    "dialog button over 30 characters": [
        {"type": "actions", "elements": [button("deny", confirm=confirm(deny=plain("x" * 31)))]}
    ],
}


@pytest.mark.parametrize("blocks", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_the_sdk_would_not_send_the_stand_in_does_not_take(blocks, client, channel):
    with pytest.raises(SlackObjectFormationError):
        validate_deeply(blocks[0])
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=channel, text="x", blocks=blocks)
    assert refused.value.response["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/0" in refused.value.response["response_metadata"]["messages"][0]


def validate_deeply(block):
    """The SDK validates an element when it is rendered, a block when it is asked to."""
    parsed = Block.parse(block)
    parsed.validate_json()
    if isinstance(parsed, ActionsBlock):
        for element in parsed.elements:
            element.validate_json()
            if element.confirm is not None:
                element.confirm.validate_json()

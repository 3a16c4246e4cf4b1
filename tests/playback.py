"""Explorables without a browser: the models of their widgets, as a page holds them or as a kernel makes them.

    first, *_ = stored(SITE / "book/gumbel/concrete.html")
    first.move((3, 0))  # its first control to its fourth position, its second to its first
    Frame(first.picture()).caption

A page has no kernel: there only links carry a change along. A kernel is told of a change by the message that a front
end would send, and its answers change the models.
"""

import base64
import io
import itertools
import json
import os
import re
from contextlib import contextmanager
from html.parser import HTMLParser

import numpy as np
from jupyter_client.manager import start_new_kernel
from PIL import Image

VIEW_KIND = "application/vnd.jupyter.widget-view+json"
VIEW = re.compile(rf'<script type="{re.escape(VIEW_KIND)}">(.*?)</script>', re.S)
STATE = re.compile(VIEW.pattern.replace("view", "state"), re.S)
PATIENCE = 300  # seconds; only a failure waits so long


class Explorable:
    """The models of one explorable: its controls, and the picture that they have moved to."""

    def __init__(self, models, root):
        self.models, self.root = models, models[root]
        self.selectors = self.below(self.root, "SelectionSliderModel", "ToggleButtonsModel")

    def find(self, reference):
        return self.models[reference.removeprefix("IPY_MODEL_")]

    def children(self, model):
        return [self.find(reference) for reference in model["state"].get("children", [])]

    def below(self, model, *names):
        """All models in the tree of the given kinds, in their order."""
        found = [model] if model["model_name"] in names else []
        return found + [m for child in self.children(model) for m in self.below(child, *names)]

    def controls(self):
        """What a reader sees of each control: its kind, its name, the names of its positions, and the present one."""
        keys = ("description", "_options_labels", "index")
        return [(m["model_name"], *(m["state"][key] for key in keys)) for m in self.selectors]

    def positions(self):
        """All positions of the controls; the last control moves fastest."""
        return list(itertools.product(*(range(len(names)) for _, _, names, _ in self.controls())))

    def move(self, position):
        for selector, index in zip(self.selectors, position, strict=True):
            self.set(selector, "index", index)

    def walk(self):
        """All positions in order, each with the model of its picture."""
        for position in self.positions():
            self.move(position)
            yield position, self.shown()

    def picture(self):
        return self.shown()["state"]["value"]

    def shown(self):
        """The model of the picture; of a stack, the child that is selected."""
        model = self.children(self.root)[-1]
        while model["model_name"] == "StackModel":
            model = self.children(model)[model["state"]["selected_index"]]
        assert model["model_name"] == "HTMLModel"
        return model


class OnPage(Explorable):
    """An explorable on a page without a kernel, in which only links carry a change along."""

    def __init__(self, models, root):
        super().__init__(models, root)
        links = [m["state"] for m in self.models.values() if m["model_name"] == "LinkModel"]
        self.links = [tuple((self.find(model), name) for model, name in (k["source"], k["target"])) for k in links]

    def set(self, model, name, value):
        if model["state"][name] != value:
            model["state"][name] = value
            for ends in self.links:
                for (source, key), (target, other) in (ends, ends[::-1]):
                    if source is model and key == name:
                        self.set(target, other, value)


class InKernel(Explorable):
    """An explorable that a kernel moves."""

    def __init__(self, kernel, root):
        super().__init__(kernel.models, root)
        self.kernel = kernel

    def set(self, model, name, value):
        if model["state"][name] != value:
            model["state"][name] = value
            self.kernel.update(model["model_id"], {name: value})


def stored(path):
    """The explorables of a built page or deck, in its order."""
    text = path.read_text()
    [state] = STATE.findall(text)
    models = json.loads(state)["state"]
    return [OnPage(models, json.loads(view)["model_id"]) for view in VIEW.findall(text)]


@contextmanager
def fresh_kernel(folder):
    """A kernel as a reader's, in the folder of their notebook: without COURSE_PRERENDER."""
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_PRERENDER"}
    manager, client = start_new_kernel(cwd=folder, env=environment)
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class Kernel:
    """A kernel as a front end knows it: by the cells it runs, and by the models of the widgets that these make."""

    def __init__(self, client):
        self.client, self.models, self.shown = client, {}, []

    def run(self, source):
        self.follow(self.client.execute(source))

    def explorables(self):
        """Those that the cells have shown, in their order."""
        return [InKernel(self, root) for root in self.shown]

    def update(self, model_id, state):
        """Send what a front end sends when a reader has moved a control, and take the answer."""
        content = {"comm_id": model_id, "data": {"method": "update", "state": state, "buffer_paths": []}}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        self.follow(message["header"]["msg_id"])

    def follow(self, request):
        """Take all that the kernel says of a request, until it is done with it."""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "status" if content["execution_state"] == "idle":
                    return
                case "error":
                    raise RuntimeError("\n".join(content["traceback"]))
                case "execute_result" | "display_data" if VIEW_KIND in content["data"]:
                    self.shown.append(content["data"][VIEW_KIND]["model_id"])
                case "comm_open":
                    model_id, state = content["comm_id"], content["data"]["state"]
                    self.models[model_id] = {"model_id": model_id, "model_name": state["_model_name"], "state": state}
                case "comm_msg" if content["data"]["method"] == "update":
                    self.models[content["comm_id"]]["state"].update(content["data"]["state"])


class Frame(HTMLParser):
    """The alternative text, the caption, the attributes of the image and the tags of a frame."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.image, self.caption, self.inside = [], None, "", False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.image = dict(attributes) if tag == "img" else self.image
        self.inside = tag == "figcaption"

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "figcaption"

    def handle_data(self, data):
        self.caption += data if self.inside else ""

    def bytes(self):
        kind, _, data = self.image["src"].partition(",")
        assert kind == "data:image/webp;base64"
        return base64.b64decode(data, validate=True)

    def pixels(self):
        return np.asarray(Image.open(io.BytesIO(self.bytes())).convert("RGB"))

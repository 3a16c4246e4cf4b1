// Builds the widgets of a page or a deck, in the browser, from the state that stands in it. esbuild makes one file of this
// and of what it takes from Jupyter's packages: only the kinds of widget that `lib/explore.py` uses.
//
// Where a widget comes stands its first picture, as plain HTML; it goes when the widget shows the same.
import { LayoutModel, LayoutView, StyleView } from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import {
  DescriptionStyleModel,
  HBoxModel,
  HBoxView,
  HTMLModel,
  HTMLStyleModel,
  HTMLView,
  LinkModel,
  PlayModel,
  PlayView,
  SelectionSliderModel,
  SelectionSliderView,
  SliderStyleModel,
  StackModel,
  StackView,
  ToggleButtonsModel,
  ToggleButtonsStyleModel,
  ToggleButtonsView,
  VBoxModel,
  VBoxView,
} from "@jupyter-widgets/controls";
import { Widget } from "@lumino/widgets";
import "@lumino/widgets/style/index.css";
import "@jupyter-widgets/controls/css/widgets.css";

// --- labels -------------------------------------------------------------------------------------------------------

// A slider is called as its label says, and its value as the reader sees it. (The package's own slider has no name, tells
// the value's number, and lets readers type into the value, which does nothing here.)
class NamedSliderView extends SelectionSliderView {
  createSlider() {
    super.createSlider();
    this.handle.setAttribute("aria-label", this.model.get("description"));
  }

  updateReadout(index) {
    super.updateReadout(index);
    this.handle.setAttribute("aria-valuetext", this.readout.textContent);
  }

  update(options) {
    super.update(options);
    this.readout.contentEditable = "false";
  }

  get handle() {
    return this.$slider.querySelector(".noUi-handle");
  }
}

// Buttons of which one is pressed are a group, called as its label says.
class NamedButtonsView extends ToggleButtonsView {
  update(options) {
    super.update(options);
    this.el.setAttribute("role", "group");
    this.el.setAttribute("aria-label", this.model.get("description"));
    for (const button of this.el.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
    }
  }
}

// The buttons of an animation have icons only.
class NamedPlayView extends PlayView {
  updatePlaying() {
    super.updatePlaying();
    this.playPauseButton.setAttribute("aria-label", this.model.get("playing") ? "Pause" : "Play");
    this.stopButton.setAttribute("aria-label", "Stop");
  }

  updateRepeat() {
    super.updateRepeat();
    this.repeatButton.setAttribute("aria-label", "Repeat");
    this.repeatButton.setAttribute("aria-pressed", this.model.get("repeat"));
  }
}

// --- models and views ---------------------------------------------------------------------------------------------

const CLASSES = {
  DescriptionStyleModel,
  HBoxModel,
  HBoxView,
  HTMLModel,
  HTMLStyleModel,
  HTMLView,
  LayoutModel,
  LayoutView,
  LinkModel,
  PlayModel,
  PlayView: NamedPlayView,
  SelectionSliderModel,
  SelectionSliderView: NamedSliderView,
  SliderStyleModel,
  StackModel,
  StackView,
  StyleView,
  ToggleButtonsModel,
  ToggleButtonsStyleModel,
  ToggleButtonsView: NamedButtonsView,
  VBoxModel,
  VBoxView,
};

class Manager extends ManagerBase {
  constructor(states) {
    super();
    this.states = states;
  }

  // A model is made when it is first asked for, by a view or by a model that refers to it.
  get_model(id) {
    if (!this.has_model(id)) {
      const { state, ...options } = this.states[id];
      this.new_model({ model_id: id, ...options }, state);
    }
    return super.get_model(id);
  }

  async loadClass(name) {
    if (!CLASSES[name]) throw new Error(`widgets.js has no ${name}: add it to CLASSES`);
    return CLASSES[name];
  }

  loadModelClass(name) {
    return this.loadClass(name);
  }

  loadViewClass(name) {
    return this.loadClass(name);
  }
}

// --- the page -----------------------------------------------------------------------------------------------------

const WIDGET = 'script[type="application/vnd.jupyter.widget-view+json"]';
const WIDGETS = 'script[type="application/vnd.jupyter.widget-state+json"]';

async function build() {
  const states = JSON.parse(document.querySelector(WIDGETS)?.textContent ?? '{"state": {}}').state;
  const manager = new Manager(states);
  const links = Object.keys(states).filter((id) => states[id].model_name === "LinkModel");
  await Promise.all(links.map((id) => manager.get_model(id)));
  for (const script of document.querySelectorAll(WIDGET)) {
    await show(manager, script).catch(reportError); // one that fails keeps its first picture, and stops no other
    await new Promise((resolve) => setTimeout(resolve)); // the page stays responsive
  }
}

async function show(manager, script) {
  const model = await manager.get_model(JSON.parse(script.textContent).model_id);
  const view = await manager.create_view(model);
  const place = document.createElement("div");
  place.className = "widget-subarea";
  place.hidden = true; // until its picture is there
  script.before(place);
  Widget.attach(view.luminoWidget, place);
  const image = place.querySelector("img");
  (image ? image.decode() : Promise.resolve()).then(() => {
    script.parentElement.querySelector(".first-picture")?.remove();
    place.hidden = false;
  });
}

build();

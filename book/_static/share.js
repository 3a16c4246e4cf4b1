// A link to a picture as it is set. A button at each picture copies one; a page or a deck that is opened by one sets the
// picture as the button found it:
//
//   concrete.html#concrete-sample-widget:temperature=0.2&noise=draw%203
//   concrete.slides.html#/sample-widget:temperature=0.2&noise=draw%203
//
// Before the colon stands the picture's cell, after it the name of each control with the value that it shows. A control
// that the link leaves out stays as it is. A name or value that is not there is not set, and a note at the picture says so.
// A page starts this by itself; a deck's pictures get their buttons before they are laid out (deck.js).

const OPENED_BY = location.hash; // reveal.js writes its own
const PATIENCE = 10_000; // milliseconds, after which nothing waits for a picture that is missing
const WIDGET = 'script[type="application/vnd.jupyter.widget-view+json"]';
const WIDGETS = 'script[type="application/vnd.jupyter.widget-state+json"]';
const CHAIN =
  '<svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">' +
  '<path d="M10 14a5 5 0 0 0 7 0l3-3a5 5 0 0 0-7-7l-1 1M14 10a5 5 0 0 0-7 0l-3 3a5 5 0 0 0 7 7l1-1"/></svg>';

const isDeck = Boolean(document.querySelector(".reveal"));
const pictures = new Map(); // from a cell's name to its picture with its controls

if (!isDeck) {
  window.addEventListener("load", async () => {
    await picturesShown();
    offerLinks();
    followLinks();
  });
}

// Resolves, in the next frame or later, when every widget shows its picture.
function picturesShown() {
  const start = performance.now();
  return new Promise((resolve) => {
    const look = (now) => {
      const missing = document.querySelector(`.first-picture, :has(> ${WIDGET}):not(:has(img))`) && now - start < PATIENCE;
      missing ? requestAnimationFrame(look) : resolve();
    };
    requestAnimationFrame(look);
  });
}

// --- copying ------------------------------------------------------------------------------------------------------

function offerLinks() {
  for (const picture of document.querySelectorAll(".explorable")) {
    const cell = picture.closest(".cell");
    const name = cell.dataset.cell ?? cell.id;
    const share = document.createElement("div");
    share.className = "share";
    share.innerHTML = `<output></output><button type="button" title="Copy a link to this picture as it is set">${CHAIN}</button>`;
    share.lastChild.setAttribute("aria-label", `Copy a link to this picture as it is set: ${titleOf(picture)}`);
    share.lastChild.addEventListener("click", () => copyLink(name));
    picture.append(share);
    pictures.set(name, picture);
    const forget = ({ target, key }) => key === "Tab" || target.closest(".share") || tell(picture, "");
    for (const kind of ["click", "keydown"]) picture.addEventListener(kind, forget);
  }
}

// What tells a picture from the others: the heading above it, and its controls.
function titleOf(picture) {
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")];
  const above = headings.findLast((heading) => heading.compareDocumentPosition(picture) & Node.DOCUMENT_POSITION_FOLLOWING);
  const words = [...above.childNodes].filter((node) => !node.matches?.(".headerlink")).map((node) => node.textContent);
  const labels = [...picture.querySelectorAll(".widget-label")].map((label) => label.textContent);
  return [words.join("").trim(), ...labels].filter(Boolean).join(", ");
}

async function copyLink(name) {
  const controls = controlsOf(pictures.get(name));
  const settings = controls.map(({ label, names, at }) => `${encoded(label)}=${encoded(plain(names[at()]))}`);
  const link = `${location.href.split(/[?#]/)[0]}#${isDeck ? "/" : ""}${name}:${settings.join("&")}`;
  try {
    await navigator.clipboard.writeText(link);
    tell(pictures.get(name), "The link is copied.");
  } catch {
    // the browser does not allow it: the reader copies what is selected
    const field = document.createElement("input");
    Object.assign(field, { value: link, readOnly: true, ariaLabel: "link" });
    tell(pictures.get(name), "Copy this link: ", field);
    field.focus();
    field.select();
  }
}

// As in the link: also the marks at which a mail program would end it.
function encoded(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

// A hyphen is as good as a minus sign.
function plain(text) {
  return text.replaceAll("\u2212", "-");
}

function tell(picture, ...what) {
  picture.querySelector("output").replaceChildren(...what.filter(Boolean));
}

// --- setting ------------------------------------------------------------------------------------------------------

let following = Promise.resolve(); // one link after the other

function followLinks() {
  const follow = (hash) => (following = following.then(() => followLink(hash)));
  follow(OPENED_BY);
  window.addEventListener("hashchange", (event) => follow(new URL(event.newURL).hash));
}

async function followLink(hash) {
  const [, name, settings] = /^#\/?([^:]+):(.*)$/.exec(hash) ?? [];
  const picture = pictures.get(name);
  if (!picture) return;
  isDeck ? turnTo(picture) : picture.scrollIntoView();
  const problems = [];
  for (const setting of settings.split("&").filter(Boolean)) {
    problems.push(set(controlsOf(picture), setting));
    await picturesShown(); // widgets fail if the next control moves while a picture is on its way
  }
  tell(picture, problems.filter(Boolean).join(" "));
}

// Sets a control as a setting of a link says; or returns what is wrong with it.
function set(controls, setting) {
  const [label, value] = [setting.split("=", 1)[0], setting.split("=").slice(1).join("=")].map(decoded);
  const control = controls.find((one) => one.label === label);
  if (!control) return `The link sets “${label}”, but this picture has ${listed(controls.map((one) => one.label))}.`;
  const index = control.names.findIndex((name) => plain(name) === plain(value));
  if (index < 0) return `The link sets ${label} to “${value}”, but it can be ${listed(control.names)}.`;
  control.move(index);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // which is no name of anything
  }
}

function listed(names) {
  return names.join(", ") || "no controls";
}

// To the slide, and to the step at which the picture comes.
function turnTo(picture) {
  const { h, v } = Reveal.getIndices(picture.closest(".slides section"));
  Reveal.slide(h, v, Number(picture.closest(".fragment")?.dataset.fragmentIndex ?? -1));
}

// --- controls -----------------------------------------------------------------------------------------------------

let models; // the widgets' state, by their models' names

function modelOf(reference) {
  models ??= JSON.parse(document.querySelector(WIDGETS).textContent).state;
  return models[reference.replace("IPY_MODEL_", "")].state;
}

// The script that stands for a picture in the page.
function viewOf(picture) {
  return picture.closest(`:has(> ${WIDGET})`).querySelector(WIDGET);
}

function modelOfView(view) {
  return modelOf(JSON.parse(view.textContent).model_id);
}

// What the controls of a picture, and their values, are called.
function namesOf(view) {
  const boxes = modelOfView(view).children.slice(0, -1); // the last child is the picture itself
  return boxes.map(modelOf).map((box) => {
    const { description, _options_labels } = box.children ? modelOf(box.children.at(-1)) : box; // a slider with Play
    return { label: description, names: _options_labels };
  });
}

// The controls of a picture: how each is called, what its values are called, which one is shown, how to show another.
function controlsOf(picture) {
  return namesOf(viewOf(picture)).map((named, place) => {
    const element = picture.children[place];
    const buttons = [...element.querySelectorAll(".widget-toggle-button")];
    const slider = element.querySelector(".noUi-target")?.noUiSlider;
    return {
      ...named,
      at: () => (slider ? slider.get() : buttons.findIndex((button) => button.matches(".mod-active"))),
      move: (index) => (slider ? slider.set(index) : buttons[index].click()),
    };
  });
}

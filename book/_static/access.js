// For readers who hear a page, or move on it by keyboard:
//
//   captions   when a control has changed a picture, a screen reader says the new caption, once it rests
//   formulas   what is wider than its column scrolls in a box of its own, also by keyboard

const REST = 1000; // milliseconds, longer than a step of most animations, which so are silent until they are paused

// --- captions -----------------------------------------------------------------------------------------------------

// A screen reader says what changes in this region, which must stand on the page before. The caption itself cannot be
// it: every picture brings a new one, and an alternative text that would be said as well.
const announcement = document.createElement("p");
announcement.className = "announcement";
announcement.setAttribute("role", "status");
announcement.style.cssText = "clip-path: inset(50%); height: 1px; overflow: hidden; position: fixed; top: 0; width: 1px";
document.body.append(announcement);

// A picture is watched from the first time on that the reader comes to it: nothing is said while the page loads.
const watched = new WeakSet();
for (const kind of ["focusin", "pointerdown"]) {
  document.addEventListener(kind, ({ target }) => {
    const picture = target.closest?.(".explorable");
    if (picture && !watched.has(picture)) announceChanges(picture);
  });
}

function announceChanges(picture) {
  watched.add(picture);
  const caption = () => picture.querySelector("figcaption")?.textContent;
  let said = caption();
  let resting;
  const announce = () => {
    if (caption() && caption() !== said) announcement.textContent = said = caption();
  };
  const changed = () => {
    clearTimeout(resting);
    resting = setTimeout(announce, REST);
  };
  new MutationObserver(changed).observe(picture, { childList: true, subtree: true, characterData: true });
}

// --- formulas -----------------------------------------------------------------------------------------------------

// Called at first and whenever the text changes its size: when formulas are typeset, a fold opens, the window turns.
function boxWideFormulas() {
  const inLines = [...document.querySelectorAll("article span.math")];
  const wide = inLines.map((formula) => widthOf(formula) > columnOf(formula).getBoundingClientRect().width);
  inLines.forEach((formula, i) => formula.classList.toggle("wide", wide[i]));
  for (const box of document.querySelectorAll("article :is(div.math, span.math)")) {
    if (box.matches("div, .wide") && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

// Of what is seen, with the comma or full stop that goes with it: what a screen reader reads has a width of its own.
function widthOf(formula) {
  const mark = document.createRange();
  mark.selectNodeContents(formula);
  mark.setStartAfter(formula.querySelector("mjx-container"));
  return formula.querySelector("mjx-math").getBoundingClientRect().width + mark.getBoundingClientRect().width;
}

function columnOf(formula) {
  return formula.parentElement.closest(":not(span, a, em, strong)");
}

const text = document.querySelector("article");
if (text) new ResizeObserver(boxWideFormulas).observe(text);

// A page on paper: from the browser's own menu, from "Print" in the page's menu of downloads, or into the PDF of the book.
//
// Each picture with controls becomes a strip of a few of its frames, those that its cell names in `printed` (lib/explore.py).
// Formulas too wide for the paper are made smaller. Closed solutions stay away, unless the reader prints them, too.
// What is changed for the paper is changed back afterwards; how all looks there is said in print.css.

const PAPER = 640; // pixels: the text's width on A4, the narrower paper, less a little
const SOLUTION = ".tag_solution details";
let withSolutions = false; // which only "Print with solutions" sets, for one print
let changes = []; // functions that take a change back

// The strips come while the reader reads, so that their pictures are loaded when they are wanted.
window.addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(makeStrips));
window.addEventListener("beforeprint", prepare);
window.addEventListener("afterprint", restore);
document.querySelector(".btn-print-solutions")?.addEventListener("click", () => {
  withSolutions = true;
  window.print();
});

function prepare() {
  makeStrips();
  change(document.documentElement.dataset, "theme", "light");
  if (withSolutions) {
    document.documentElement.classList.add("with-solutions");
    changes.push(() => document.documentElement.classList.remove("with-solutions"));
    for (const details of document.querySelectorAll(SOLUTION)) change(details, "open", true);
  }
  fitFormulas();
}

function restore() {
  for (const undo of changes.splice(0).reverse()) undo();
  withSolutions = false;
}

function change(object, key, value) {
  const before = object[key];
  object[key] = value;
  changes.push(() => (object[key] = before));
}

// --- pictures -----------------------------------------------------------------------------------------------------

// The strip of a picture follows it; on a page without pictures there is nothing to do, and share.js is not there.
function makeStrips() {
  for (const view of document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')) {
    const output = view.parentElement;
    const { printed } = JSON.parse(view.textContent);
    if (printed && !output.nextElementSibling?.matches(".printed")) output.after(strip(namesOf(view), printed));
  }
}

function strip(controls, printed) {
  const element = document.createElement("div");
  element.className = "printed";
  for (const { at, model_id } of printed) {
    const frame = document.createElement("template");
    frame.innerHTML = modelOf(model_id).value;
    const settings = document.createElement("p");
    settings.textContent = controls.map(({ label, names }, place) => `${label}: ${names[at[place]]}`).join(", ");
    const figure = frame.content.firstChild;
    figure.querySelector("figcaption").before(settings);
    element.append(figure);
  }
  return element;
}

// --- formulas -----------------------------------------------------------------------------------------------------

// A formula wider than its place on paper is printed smaller: print.css multiplies its size by --fit. While "measuring",
// letters have the size of the paper's, and each formula is as wide as it likes.
function fitFormulas() {
  const root = document.documentElement.classList;
  const article = document.querySelector("article");
  const formulas = [...article.querySelectorAll("div.math > mjx-container")];
  root.add("measuring");
  const fits = formulas.map((formula) => {
    const inset = article.clientWidth - formula.parentElement.clientWidth; // of a list, or of a box
    return Math.min(1, (PAPER - inset) / formula.scrollWidth);
  });
  root.remove("measuring");
  formulas.forEach((formula, place) => formula.style.setProperty("--fit", fits[place]));
}

// Lays a chapter's sections out as slides of a fixed size, and starts reveal.js.
//
// A section is cut into pages where it is long: its blocks (paragraphs, items of a list, steps of a derivation, tables,
// code, a picture with its controls) are measured, and the best places to cut are chosen. The steps of a derivation
// come one at a time. Everything is measured in the reader's own browser and fonts, so that nothing hangs over.

const [WIDTH, HEIGHT, PADDING] = [1280, 720, 40];
const [WIDE, HIGH] = [570, 430]; // a picture beside text is so wide at least, or so high
const slides = document.querySelector(".slides");
const formulas = new Map(); // from a typeset formula to its TeX

window.addEventListener("load", async () => {
  await MathJax.startup.promise;
  for (const { typesetRoot, math } of MathJax.startup.document.math) formulas.set(typesetRoot, math);
  document.querySelectorAll("mjx-container:not([display])").forEach(keepPunctuation);
  await picturesShown();
  offerLinks(); // share.js
  let heading = null;
  for (const section of [...slides.children]) {
    heading = section.querySelector("h1, h2") ?? heading;
    section.replaceWith(...laidOut(section, heading));
  }
  await Reveal.initialize({
    width: WIDTH,
    height: HEIGHT,
    margin: 0,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    keyboardCondition: (event) => !ofControl(event.key),
    plugins: [RevealNotes],
  });
  Reveal.on("slidechanged", () => document.activeElement.blur());
  followLinks();
  document.querySelector(".reveal").classList.add("laid-out");
});

// No line begins with the comma that follows a formula.
function keepPunctuation(formula) {
  const [mark] = /^[^\s\w(]+/.exec(formula.nextSibling?.data ?? "") ?? [];
  if (!mark) return;
  const together = document.createElement("span");
  together.style.whiteSpace = "nowrap";
  formula.nextSibling.data = formula.nextSibling.data.slice(mark.length);
  formula.before(together);
  together.append(formula, mark);
}

// --- keys and clicks ----------------------------------------------------------------------------------------------

// Whether a key belongs to the control that has the focus: to a slider what moves it, to a button what presses it.
// Escape takes the focus off the control.
function ofControl(key) {
  const control = document.activeElement;
  if (!control.closest(".explorable")) return false;
  if (key === "Escape") control.blur();
  const own = control.matches(".noUi-handle") ? /^(Arrow|Home|End|Escape)/ : /^(Enter|Escape| )/;
  return own.test(key);
}

// Page Up and Page Down, which a clicker in the lecturer's hand sends, turn the slide even where a slider would take them.
window.addEventListener(
  "keydown",
  (event) => {
    if (!event.key.startsWith("Page") || !event.target.closest(".explorable")) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    event.key === "PageUp" ? Reveal.prev() : Reveal.next();
  },
  { capture: true },
);

// A clicked button does not keep the keys.
slides.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());

// --- sections -----------------------------------------------------------------------------------------------------

// The slides of one section: its content cut into pages, each under the heading and with the section's notes.
function laidOut(section, heading) {
  const notes = section.querySelector("aside.notes");
  const blocks = [...section.querySelectorAll(".cell")].flatMap(blocksOf);
  const column = page(heading, blocks.filter((block) => block !== heading));
  column.classList.add("column"); // as high as it likes
  document.body.append(column);
  column.querySelectorAll(".explorable").forEach(reserveCaption);
  const units = [...column.children].slice(1).flatMap(unitsOf);
  const pages = cut(units, HEIGHT - PADDING - units[0].top).map((part) => assembled(heading, part));
  column.replaceChildren(); // what is not on a page was cut in parts
  return pages.map((content, number) => {
    const slide = document.createElement("section");
    if (number === 0) slide.id = section.id; // …slides.html#/the-id
    slide.append(content, ...(notes ? [notes.cloneNode(true)] : []));
    document.body.append(content);
    fit(content);
    slide.prepend(content);
    return slide;
  });
}

function page(heading, blocks) {
  const element = document.createElement("div");
  element.className = "page";
  const title = heading.cloneNode(true);
  title.removeAttribute("id");
  element.append(title, ...blocks);
  return element;
}

// The blocks of a cell: its elements; of a paragraph with displayed formulas these, and the text between them.
function blocksOf(cell) {
  const blocks = [...cell.children].flatMap((element) => (element.querySelector(":scope > mjx-container[display]") ? partsOf(element) : element));
  for (const block of blocks) block.cell = cell;
  return blocks;
}

function partsOf(paragraph) {
  const parts = [];
  for (const node of [...paragraph.childNodes]) {
    if (node.matches?.("mjx-container[display]")) parts.push(node);
    else {
      if (!parts.at(-1)?.matches("p")) parts.push(document.createElement("p"));
      parts.at(-1).append(node);
    }
  }
  return parts.filter((part) => part.textContent.trim() || part.matches("mjx-container"));
}

// What a block can be cut into: the items of a list, the steps of a derivation; else the block itself.
function unitsOf(block) {
  const parts = block.matches("ul, ol") ? [...block.children] : stepsOf(block);
  const units = (parts.length > 1 ? parts : [block]).map((element, part, { length }) => {
    const { top, bottom } = element.getBoundingClientRect();
    return { block, element, part, of: length, top, bottom };
  });
  units.slice(1).forEach((unit, i) => (unit.top = units[i].bottom = (unit.top + units[i].bottom) / 2));
  const { top, bottom } = block.getBoundingClientRect();
  [units[0].top, units.at(-1).bottom] = [top, bottom];
  return units;
}

// The rows of a formula that is one `aligned`, as elements of its drawing.
function stepsOf(block) {
  const drawn = drawnRows(block);
  return rowsOf(formulas.get(block)).length === drawn.length ? drawn : [];
}

function drawnRows(formula) {
  return [...(formula.querySelector("[data-mml-node=mtable]")?.children ?? [])];
}

// The rows of `aligned` in TeX; none if the formula is anything else.
function rowsOf(tex = "") {
  const [, body] = tex.trim().match(/^\\begin\{aligned\}(.*)\\end\{aligned\}$/s) ?? [, ""];
  const rows = [""];
  let depth = 0;
  for (const [token] of body.matchAll(/\\(begin|end)\{\w+\*?\}|\\\\(\[[^\]]*\])?|\\.|[{}]|[^\\{}]+/gs)) {
    if (/^(\{|\\begin)/.test(token)) depth++;
    if (/^(\}|\\end)/.test(token)) depth--;
    if (depth === 0 && token.startsWith("\\\\")) rows.push("");
    else rows[rows.length - 1] += token;
  }
  return rows.filter((row) => row.trim());
}

// --- where to cut -------------------------------------------------------------------------------------------------

// Cuts units into pages no higher than `space`: as few as possible, evenly filled, not after what announces the next.
function cut(units, space) {
  const best = [{ cost: 0, pages: [] }];
  for (let end = 1; end <= units.length; end++) {
    best[end] = { cost: Infinity };
    for (let start = 0; start < end; start++) {
      // a derivation that goes on begins with the step before
      const repeated = isStep(units[start]) && units[start].part > 0;
      const height = units[end - 1].bottom - units[repeated ? start - 1 : start].top;
      if (height > space && end - start > 1) continue;
      const left = Math.min(height / space - 1, 0);
      const cost = best[start].cost + 1 + 0.5 * left ** 2 + (end < units.length ? reluctance(units[end - 1], units[end]) : 0);
      if (cost < best[end].cost) best[end] = { cost, pages: [...best[start].pages, units.slice(start, end)] };
    }
  }
  return best.at(-1).pages;
}

function isStep({ block, of }) {
  return of > 1 && block.matches("mjx-container");
}

function reluctance({ block, part, of }, next) {
  if (block.matches("h3") || (block.matches("p") && block.textContent.trim().endsWith(":"))) return 2;
  if (block.matches("p") && next.block.matches("mjx-container") && next.block.cell === block.cell) return 1;
  return part < of - 1 ? 0.4 : 0;
}

// --- pages --------------------------------------------------------------------------------------------------------

// A page with these units on it. The steps of a derivation, and the cells that are fragments, come one at a time;
// whatever follows a step comes with it.
function assembled(heading, units) {
  const content = page(heading, []);
  let shown = -1; // the fragment that is last to come so far
  for (const group of grouped(units)) {
    const { block } = group[0];
    if (block.cell.matches(".fragment") && content.children.length > 1 && block.cell !== content.lastChild.cell) shown++;
    const element = partOf(block, group);
    element.cell = block.cell;
    content.append(element);
    if (shown >= 0) becomeFragment(element, shown);
    if (isStep(group[0])) drawnRows(element).slice(1).forEach((row) => becomeFragment(row, ++shown));
  }
  return content;
}

function grouped(units) {
  const groups = [];
  for (const unit of units) unit.block === groups.at(-1)?.[0].block ? groups.at(-1).push(unit) : groups.push([unit]);
  return groups;
}

function becomeFragment(element, index) {
  element.classList.add("fragment");
  element.dataset.fragmentIndex = index;
}

// The block, if the group is all of it; else a list of these items, or the derivation from the step before them.
function partOf(block, group) {
  const { part, of } = group[0];
  if (group.length === of) return block;
  if (isStep(group[0])) {
    const rows = rowsOf(formulas.get(block)).slice(Math.max(part - 1, 0), part + group.length);
    return MathJax.tex2svg(`\\begin{aligned}${rows.join("\\\\")}\\end{aligned}`, { display: true });
  }
  const list = block.cloneNode(false);
  if (list.matches("ol")) list.start = block.start + part;
  list.append(...group.map((unit) => unit.element));
  return list;
}

// --- what does not fit --------------------------------------------------------------------------------------------

// Room for the longest caption that a picture can have, so that nothing moves when it changes.
function reserveCaption(explorable) {
  const shown = explorable.querySelector("figcaption");
  const other = shown.cloneNode();
  shown.after(other);
  const heights = captionsOf(explorable).map((text) => {
    other.innerHTML = text;
    return other.offsetHeight;
  });
  other.remove();
  explorable.style.setProperty("--caption", `${Math.max(...heights)}px`);
  explorable.style.setProperty("--height", `${leastHeight(explorable)}px`);
}

function leastHeight(explorable) {
  return Math.min(WIDE * proportion(explorable), HIGH);
}

function proportion(explorable) {
  const { width, height } = explorable.querySelector("img").attributes;
  return height.value / width.value;
}

// The captions of all pictures of a widget, as HTML, from the state that the deck carries.
function captionsOf(explorable) {
  const walk = ({ value, children = [] }) => {
    const caption = /<figcaption[^>]*>(.*?)<\/figcaption>/s.exec(value);
    return caption ? [caption[1]] : children.map(modelOf).flatMap(walk);
  };
  return walk(modelOfView(viewOf(explorable)));
}

// Gives a picture the height that is left, and makes smaller what is too wide or too high even alone.
function fit(content) {
  const explorable = content.querySelector(".explorable");
  content.style.height = "auto";
  const left = HEIGHT - content.offsetHeight;
  const widest = content.firstChild.clientWidth; // a heading is as wide as the page
  if (explorable) {
    const height = Math.min(leastHeight(explorable) + left, widest * proportion(explorable));
    explorable.style.setProperty("--height", `${height}px`);
  } else if (left < 0) {
    const highest = [...content.children].reduce((a, b) => (b.offsetHeight > a.offsetHeight ? b : a));
    highest.style.zoom = 1 + left / highest.offsetHeight;
  }
  for (const block of content.children) {
    if (block.scrollWidth > widest) block.style.zoom = widest / block.scrollWidth;
  }
  content.style.height = "";
}

/* Arrow keys on a slider move the slider, not the slide. Served and loaded as a plugin of reveal.js: see README.md. */
window.ArrowsOfSliders = {
  id: "arrows-of-sliders",
  init: (deck) =>
    deck.getSlidesElement().addEventListener("keydown", (event) => {
      const moves = /^(Arrow|Home|End)/.test(event.key);
      if (moves && event.target.closest("[role=slider]")) event.stopPropagation();
    }),
};

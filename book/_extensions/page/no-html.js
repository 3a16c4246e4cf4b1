// Stands for sanitize-html, 300 kB of it, which only labels with HTML in them would need.
export default () => {
  throw new Error("a widget's label must be plain text");
};

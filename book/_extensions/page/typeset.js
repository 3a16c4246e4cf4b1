// Typesets TeX as HTML: takes lines of JSON, {tex, display}, and answers each with a line, {html} or {error}.
// With --css it prints the style sheet of that HTML instead; the fonts' folder is given after it.
const [, , option, fontURL] = process.argv;

const settings = {
  loader: { load: ["input/tex", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"], versionWarnings: false },
  tex: {
    packages: { "[-]": ["autoload", "noerrors", "noundefined", "require"] },
    formatError(_, error) {
      throw error;
    },
  },
  chtml: { adaptiveCSS: false, fontURL },
  startup: { typeset: false },
};

require("../../../node_modules/mathjax/es5/node-main.js").init(settings).then((MathJax) => {
  const { adaptor } = MathJax.startup;
  if (option === "--css") return process.stdout.write(adaptor.textContent(MathJax.chtmlStylesheet()));
  const lines = require("readline").createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { tex, display } = JSON.parse(line);
    console.log(JSON.stringify(answer(tex, display)));
  });

  function answer(tex, display) {
    try {
      return { html: adaptor.outerHTML(MathJax.tex2chtml(tex, { display })) };
    } catch (error) {
      return { error: error.message };
    }
  }
});

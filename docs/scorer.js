// Sphinx's own scores, but for pages of the tutorial, which mention what other pages are about.
var Scorer = {
  score: ([page, , , , score]) => (page.startsWith("tutorial/") ? score / 10 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

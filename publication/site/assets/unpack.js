/* Undoes publication/site/packing.py, which says what the text of a node's scores is made of: the scores of each unit by
 * month, null where there is none. */
function pinganUnpack(text, months) {
  "use strict";
  var RUN = 12, STEPS = 30, DIGITS = 93, MISSING = 0, ANY = DIGITS - 1;
  var at = 0, first = 0, units = [];

  /* The place of a character among printable ASCII without the quote and the backslash. */
  function place() {
    var code = text.charCodeAt(at++);
    return code - 0x20 - (code > 0x22 ? 1 : 0) - (code > 0x5c ? 1 : 0);
  }

  function difference(number) { return number % 2 ? (number + 1) / 2 : -number / 2; }

  while (at < text.length) {
    var unit = [], last = first, begun = false;
    while (unit.length < months) {
      var found = place(), alike = 1, number = 0;
      if (found === MISSING) { unit.push(null); continue; }
      if (found <= RUN) alike = found;
      else if (found <= RUN + STEPS) number = found - RUN;
      else if (found < ANY) number = STEPS + 1 + (found - RUN - STEPS - 1) * DIGITS + place();
      else {
        var end = text.indexOf(text[at - 1], at);
        number = Number(text.slice(at, end));
        at = end + 1;
      }
      last += difference(number);
      if (!begun) { first = last; begun = true; }
      while (alike--) unit.push(last / 100);
    }
    units.push(unit);
  }
  return units;
}

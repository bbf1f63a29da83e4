// Asks the questions of a lesson: one field for each answer, three tries, hints, and the line to hand in at the end.
// The steps after an open question are hidden. `page.js`, which comes after this, calls what `lessonPage` returns.

// Returns the SHA-256 of a text in UTF-8, in hexadecimal. `crypto.subtle` is missing in pages that a server sends without TLS.
// <https://csrc.nist.gov/pubs/fips/180-4/upd1/final>
const sha256 = (() => {
  "use strict";
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  const start = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const constants = primes.map((prime) => fraction(Math.cbrt(prime)));
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  return (text) => {
    const bytes = new TextEncoder().encode(text);
    const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
    bytes.forEach((byte, at) => padded.setUint8(at, byte));
    padded.setUint8(bytes.length, 0x80);
    padded.setUint32(padded.byteLength - 4, bytes.length * 8);
    const state = [...start];
    for (let block = 0; block < padded.byteLength; block += 64) {
      const w = new Int32Array(64);
      for (let i = 0; i < 64; i++) {
        if (i < 16) { w[i] = padded.getInt32(block + i * 4); continue; }
        const a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => state[i] = (state[i] + word) | 0);
    }
    return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  };
})();

// What a reader types, in the canonical forms whose hashes the page has. The terminal accepts the same answers.
const typedAnswer = (() => {
  "use strict";
  const UNITS = /^(.*) (bytes?|pages?|characters?)$/s;
  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

  // Returns the value of digits in a radix, which BigInt does not parse with a sign.
  const parsed = (digits, prefix) => /^-/.test(digits) ? -BigInt(prefix + digits.slice(1)) : BigInt(prefix + digits.replace(/^\+/, ""));
  const decimal = (text) => /^[+-]?\d+$/.test(text) ? parsed(text, "") : null;
  const hexadecimal = (text) => {
    const digits = text.replace(/^0x/, "");
    return /^[+-]?[0-9a-f]+$/i.test(digits) ? parsed(digits, "0x") : null;
  };
  const integer = (text) => /^0x/i.test(text) ? hexadecimal("0x" + text.slice(2)) : decimal(text);
  const truth = (text) => /^(yes|y|true)$/i.test(text) ? true : /^(no|n|false)$/i.test(text) ? false : null;
  const pairs = (text) => {
    const digits = text.replace(/\s/g, "");
    return /^([0-9a-f]{2})+$/i.test(digits) ? digits.toLowerCase() : null;
  };

  // Evaluates sums, differences and products of integers, such as `64 * 1024 - 1`; null for anything else.
  function arithmetic(text) {
    const tokens = text.match(/0[xb][0-9a-f_]+|[0-9][0-9_]*|[-+*()]|\S/gi) ?? [];
    const atom = () => {
      const token = tokens.shift();
      if (token === "-") return -atom();
      if (token === "(") {
        const value = sum();
        if (tokens.shift() !== ")") throw new SyntaxError();
        return value;
      }
      if (!/^(\d|\d[\w]*[\da-f])$/i.test(token ?? "") || token.includes("__")) throw new SyntaxError();
      return BigInt(token.replaceAll("_", ""));
    };
    const product = () => {
      let value = atom();
      while (tokens[0] === "*") { tokens.shift(); value *= atom(); }
      return value;
    };
    const sum = () => {
      let value = product();
      while (/^[-+]$/.test(tokens[0] ?? "")) value = tokens.shift() === "+" ? value + product() : value - product();
      return value;
    };
    try {
      const value = sum();
      return tokens.length === 0 ? value : null;
    } catch {
      return null;
    }
  }

  // Returns a text in quotes without them and with its escapes applied; null for anything else.
  function quoted(text) {
    if (!/^"(?:[^"\\]|\\.)*"$/s.test(text)) return null;
    const known = { n: "\n", t: "\t", r: "\r", 0: "\0", "\\": "\\", "\"": "\"" };
    return text.slice(1, -1).replace(/\\u\{([0-9a-f]{1,6})\}|\\(.)/gi, (all, code, letter) =>
      code !== undefined ? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)) : known[letter] ?? all);
  }

  // Returns the value of what was typed: a BigInt, a number, a text in quotes, bytes, or null.
  function valueOf(typed) {
    const text = quoted(typed);
    if (text !== null) return { text };
    const bytes = /^hex"([0-9a-f\s]*)"$/i.exec(typed);
    if (bytes) return { bytes: pairs(bytes[1]) ?? "" };
    if (/^-?\d[\d_]*(\.\d[\d_]*(e[+-]?\d+)?|e[+-]?\d+)$/i.test(typed)) return { float: Number(typed.replaceAll("_", "")) };
    const whole = arithmetic(typed);
    return whole === null ? null : { whole };
  }

  const bitsOf = (float) => {
    const view = new DataView(new ArrayBuffer(12));
    view.setFloat64(0, float);
    view.setFloat32(8, float);
    return [`f:${hexOf(new Uint8Array(view.buffer, 0, 8))}`, `g:${hexOf(new Uint8Array(view.buffer, 8, 4))}`];
  };

  // Returns what was typed without quotes around it, its value, and its canonical forms.
  return (typed, check) => {
    typed = typed.trim();
    const bare = typed.replace(/^"+|"+$/g, "").trim(), value = valueOf(UNITS.exec(typed)?.[1].trim() ?? typed);
    const forms = new Set([`t:${bare}`, `o:${typed.replace(/\s/g, "")}`]);
    const whole = [value?.whole ?? null, integer(bare), check.hexadecimal ? hexadecimal(bare) : null];
    const chosen = check.choices.findIndex((choice) => choice.trim().toLowerCase() === bare.toLowerCase());
    if (chosen >= 0) whole.push(BigInt(chosen + 1));
    for (const number of whole) if (number !== null) forms.add(`i:${number}`);
    if (value?.whole !== undefined) forms.add(`c:${value.whole}`);
    if (value?.float !== undefined) for (const bits of Number.isSafeInteger(value.float) ? [`i:${value.float}`] : bitsOf(value.float)) forms.add(bits);
    if (value?.text !== undefined) forms.add(`t:${value.text.trim()}`).add(`h:${hexOf(new TextEncoder().encode(value.text))}`);
    if (value?.bytes !== undefined) forms.add(`h:${value.bytes}`);
    const digits = bare.replace(/^0x/, "").toLowerCase();
    if (/^[0-9a-f]+$/.test(digits)) forms.add(`x:${digits}`);
    if (pairs(bare) !== null) forms.add(`h:${pairs(bare)}`);
    if (truth(bare) !== null) forms.add(`b:${truth(bare)}`);
    return { typed, bare, value, forms, integer: integer(bare), hexadecimal: hexadecimal(bare), truth: truth(bare), isChoice: chosen >= 0 };
  };
})();

// Returns what is wrong with the form of an answer, which then is no try; null for an answer.
function formProblem(answer, check) {
  "use strict";
  const count = check.choices.length, { value } = answer;
  if (count > 0) return answer.isChoice || (answer.integer >= 1n && answer.integer <= BigInt(count)) ? null : `Choose one of the answers by its number, 1 to ${count}.`;
  if (value === null && answer.hexadecimal === null && /^(hex"|[0-9"([-])/.test(answer.typed) && !/^[0-9a-f ]+$/i.test(answer.typed))
    return "This is no value. A page takes numbers, sums and products of numbers, and text.";
  if (check.kind === "number" && value?.whole === undefined && value?.float === undefined && answer.integer === null && answer.hexadecimal === null) return "A number is asked for.";
  if (check.kind === "truth" && answer.truth === null) return "The answer is true or false.";
  return null;
}

// Keeps the state of the lesson, and returns what the page asks of it. `show` shows the step again.
globalThis.lessonPage = (page) => {
  "use strict";
  const { head, steps, make, show } = page;
  const TRIES = 3, { name, hash, closing } = head.lesson;
  const KINDS = { number: "a number", text: "a text", truth: "true or false", other: "a list or bytes" };
  const asked = steps.flatMap((step, index) => step.ask ? [index] : []);
  const state = new Map(asked.map((step) => [step, { outcome: "open", typed: [], hints: 0, message: "" }]));
  const last = steps.length - 1;
  let learner = "", drawn = null;

  // The answers stay when the page is loaded again in the same tab. A page in a frame may have no storage.
  const STORE = `linmem ${hash}`;
  const save = () => { try { sessionStorage.setItem(STORE, JSON.stringify({ learner, asked: [...state] })); } catch { /* The answers last as long as the page. */ } };
  try {
    const saved = JSON.parse(sessionStorage.getItem(STORE));
    learner = String(saved?.learner ?? "");
    for (const [step, known] of saved?.asked ?? []) if (state.has(step)) Object.assign(state.get(step), known);
  } catch { /* Nothing was saved. */ }

  const firstOpen = () => asked.find((step) => state.get(step).outcome === "open");
  const count = (outcome) => asked.filter((step) => state.get(step).outcome === outcome).length;
  const area = make("div", "answering"), end = make("section", "hand-in"), score = make("p", "score");
  area.id = "answering";
  end.id = "hand-in";
  score.id = "score";
  document.getElementById("findings").after(area, end);
  document.getElementById("steps-title").after(score);

  const labelled = (text, control, id) => {
    const label = make("label", "", text);
    label.htmlFor = control.id = id;
    return [label, control];
  };
  const button = (text, action) => {
    const node = make("button", "", text);
    node.type = "button";
    node.addEventListener("click", action);
    return node;
  };

  function judge(step, typed) {
    const { ask } = steps[step], { check } = ask, now = state.get(step);
    const answer = typedAnswer(typed, check);
    if (answer.typed === "") return report(step, "Type an answer, or skip the question.");
    const problem = formProblem(answer, check);
    if (problem) return report(step, problem);
    const hashed = (form) => sha256(`${hash}\n${step}\n${form}`).slice(0, 24);
    const has = (list, forms) => forms.some((form) => list.includes(hashed(form)));
    const forms = [...answer.forms];
    now.typed.push(answer.typed);
    if (has(check.accepted, forms)) return finish(step, "right", "Right.");
    const reply = check.replies.find(([hashes]) => has(hashes, forms))?.[1];
    const advice = answer.hexadecimal !== null && has(check.accepted, [`i:${answer.hexadecimal}`])
      ? `A number without 0x is decimal: for hexadecimal write 0x${answer.bare.replace(/^0x/, "")}.`
      : has(check.nearly, [`l:${answer.bare.toLowerCase()}`]) ? "A capital letter is another byte than a small one." : "";
    const why = [reply, advice].filter(Boolean).join(" ");
    if (now.typed.length >= TRIES) return finish(step, "missed", `Not ${answer.typed}. ${why}`.trim());
    const left = TRIES - now.typed.length;
    report(step, `Not ${answer.typed}. ${why} ${left === 1 ? "One try is" : `${left} tries are`} left.`.replace(/ {2,}/g, " "), true);
  }

  function report(step, message, isTry = false) {
    state.get(step).message = message;
    save();
    document.getElementById("feedback").textContent = message;
    const field = area.querySelector("input:not([type=radio]), input:checked, input");
    field?.focus();
    if (isTry) field?.select?.();
  }

  // Ends a question. The next step can be shown from now on.
  function finish(step, outcome, message) {
    const { answer } = steps[step].ask, now = state.get(step);
    now.outcome = outcome;
    now.message = outcome === "right" || answer === null ? message : `${message} The answer: ${answerText(step)}.`.trim();
    save();
    drawn = null;
    show();
    document.getElementById(document.getElementById("next").disabled ? "learner" : "next")?.focus();
  }

  function answerText(step) {
    const { answer, check } = steps[step].ask;
    return check.choices.length ? `(${answer}) ${check.choices[Number(answer) - 1] ?? ""}` : answer;
  }

  function drawQuestion(step) {
    const { ask } = steps[step], now = state.get(step);
    const question = make("p", "question", ask.question), feedback = make("p", "feedback", now.message);
    question.id = "question";
    feedback.id = "feedback";
    feedback.setAttribute("role", "status");
    if (now.outcome !== "open") {
      const given = now.typed.length ? [make("p", "legend", `Your answers: ${now.typed.join(", ")}`)] : [];
      return area.replaceChildren(question, ...given, feedback);
    }
    const form = make("form"), hints = make("ol", "hints"), buttons = make("div", "buttons");
    hints.setAttribute("aria-label", "Hints");
    hints.setAttribute("aria-live", "polite");
    hints.append(...ask.hints.slice(0, now.hints).map((hint) => make("li", "", hint)));
    const check = make("button", "", "Check");
    check.type = "submit";
    const hint = button("Hint", () => {
      now.hints += 1;
      hints.append(make("li", "", ask.hints[now.hints - 1]));
      hint.disabled = now.hints >= ask.hints.length;
      save();
    });
    hint.disabled = now.hints >= ask.hints.length;
    buttons.append(check, hint, button("Skip", () => finish(step, "skipped", "Skipped.")));
    form.append(...field(ask), buttons, feedback, hints, make("p", "legend", `You have ${TRIES} tries. The next step appears when you have answered or skipped the question.`));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      judge(step, form.elements.answer.value);
    });
    area.replaceChildren(...(ask.check.choices.length ? [] : [question]), form);
  }

  // Returns the field for an answer: a line of text, or one of the choices.
  function field({ question, check }) {
    const { choices, kind } = check;
    if (choices.length === 0) {
      const input = make("input");
      Object.assign(input, { type: "text", name: "answer", autocomplete: "off", spellcheck: false, maxLength: 200 });
      input.setAttribute("autocapitalize", "off");
      input.setAttribute("aria-describedby", "question");
      return labelled(`Your answer${kind ? `, ${KINDS[kind]}` : ""}:`, input, "answer");
    }
    const group = make("fieldset");
    group.append(make("legend", "question", question), ...choices.map((choice, index) => {
      const line = make("div"), radio = make("input");
      Object.assign(radio, { type: "radio", name: "answer", value: String(index + 1) });
      const [label] = labelled(`${index + 1}. ${choice}`, radio, `choice-${index + 1}`);
      line.append(radio, label);
      return line;
    }));
    return [group];
  }

  // The end.

  // Half of a surrogate pair, which `encodeURIComponent` refuses, becomes U+FFFD.
  const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");
  const escaped = (text) => encodeURIComponent(wellFormed(text)).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

  // Returns the line to hand in, which `linmem answers` reads.
  function line() {
    const given = asked.map((step) => {
      const { outcome, typed } = state.get(step);
      return ` q${step}=${outcome}` + (typed.length ? `:${typed.map(escaped).join(",")}` : "");
    });
    const whole = `linmem.answers/1 ${escaped(name)} ${hash}${learner.trim() ? ` name=${escaped(learner.trim())}` : ""}${given.join("")}`;
    return `${whole} sum=${sha256(whole).slice(0, 16)}`;
  }

  function scoreText() {
    const right = count("right"), skipped = count("skipped");
    return asked.length === 0 ? "" : `${right} of ${asked.length} right${skipped ? `, ${skipped} skipped` : ""}`;
  }

  function drawEnd() {
    const input = make("input"), output = make("textarea"), status = make("p", "feedback");
    Object.assign(input, { type: "text", value: learner, autocomplete: "name", maxLength: 80 });
    Object.assign(output, { readOnly: true, rows: 4, value: line(), spellcheck: false });
    status.setAttribute("role", "status");
    input.addEventListener("input", () => {
      learner = input.value;
      output.value = line();
      save();
    });
    const copy = button("Copy the line", async () => {
      output.select();
      try {
        await navigator.clipboard.writeText(output.value);
        status.textContent = "The line is copied.";
      } catch {
        status.textContent = document.execCommand("copy") ? "The line is copied." : "Copy the selected line with the keyboard.";
      }
    });
    copy.id = "copy";
    const heading = make("h2", "", "The end of the lesson");
    const result = asked.length ? [make("p", "question", `Your score: ${scoreText()}.`)] : [];
    end.replaceChildren(heading, ...closing.map((text) => make("p", "narration", text)), ...result,
      ...labelled("Your name, if your teacher asks for it:", input, "learner"), ...labelled("The line to hand in:", output, "line"), copy, status);
  }

  return {
    // Returns the last step that may be shown.
    limit: () => firstOpen() ?? last,
    showStep(step) {
      score.textContent = scoreText();
      const key = `${step} ${state.get(step)?.outcome}`;
      if (drawn === key) return;
      drawn = key;
      if (steps[step].ask) drawQuestion(step);
      area.hidden = !steps[step].ask;
      end.hidden = step !== last || firstOpen() !== undefined;
      if (!end.hidden) drawEnd();
    },
  };
};


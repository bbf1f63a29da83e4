// Shows the record in the page. The record has rows of memory around what the steps are about; applied in order, its
// events give those rows at every moment. A moment is a step and the number of events before it; `null` means the end of
// the step.
"use strict";
(() => {
  const WIDTH = 16, PAGE = 65536;
  const $ = (id) => document.getElementById(id);
  const { head, steps, writers } = JSON.parse(recordText($("record")));
  const narrow = matchMedia("(max-width: 640px)");
  const now = { step: head.at.step, store: head.at.store, part: null, byte: null };
  const digits = Math.max(8, ...steps.map((step) => (step.len - 1).toString(16).length));

  const found = steps.flatMap((step, index) => step.findings.map((finding) => ({ finding, index })));
  let passed = 0;
  const last = steps.length + head.more + head.left - 1;

  // Returns the record, which the page of a lesson has in base64.
  function recordText({ dataset, textContent }) {
    if (dataset.encoding !== "base64") return textContent;
    return new TextDecoder().decode(Uint8Array.from(atob(textContent), (sign) => sign.charCodeAt(0)));
  }

  const plain = (n) => "0x" + n.toString(16);
  const padded = (n, width) => n.toString(16).padStart(width, "0");
  const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  const glyph = (byte) => byte === 0 ? "⋄" : byte >= 0x80 ? "×" : byte < 0x20 || byte === 0x7f ? "•" : String.fromCharCode(byte);
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // Memory.

  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const decode = (patch) => ({ at: patch[0], before: bytesOf(patch[1]), after: bytesOf(patch[2]), by: patch[3] });
  for (const step of steps) {
    for (const event of step.list) if (event.patches) event.patches = event.patches.map(decode);
    step.rest = step.rest.map(decode);
  }

  // Applies a write to the rows of `memory`. A row has its bytes and, for each byte, its last write with the writes before.
  function applyPatch(memory, patch, step, store) {
    patch.after.forEach((byte, index) => {
      const address = patch.at + index, row = address - address % WIDTH;
      if (!memory.rows.has(row)) memory.rows.set(row, { bytes: new Uint8Array(WIDTH), touched: new Array(WIDTH).fill(null) });
      const { bytes, touched } = memory.rows.get(row);
      bytes[address % WIDTH] = byte;
      touched[address % WIDTH] = { step, store, by: patch.by, was: patch.before[index], is: byte, earlier: touched[address % WIDTH] };
    });
  }

  // Returns memory at a moment.
  function memoryAt(step, store) {
    const memory = { rows: new Map(), len: head.born };
    for (let index = 0; index <= step; index++) {
      const { list, rest, len } = steps[index];
      const isWhole = index < step || store === null;
      list.slice(0, isWhole ? list.length : store).forEach((event, at) => {
        if (event.grew) memory.len = event.grew[1] * PAGE;
        else event.patches.forEach((patch) => applyPatch(memory, patch, index, at + 1));
      });
      if (isWhole) {
        rest.forEach((patch) => applyPatch(memory, patch, index, null));
        memory.len = len;
      }
    }
    return memory;
  }

  const byteIn = (memory, address) =>
    address >= memory.len ? null : memory.rows.get(address - address % WIDTH)?.bytes[address % WIDTH] ?? 0;
  const touchOf = (memory, address) => memory.rows.get(address - address % WIDTH)?.touched[address % WIDTH] ?? null;

  // Returns memory before and after the step or event at the moment shown.
  function beforeAndAfter() {
    const { step, store } = now;
    const after = memoryAt(step, store);
    if (now.part) return { before: memoryAt(step, now.part.from), after };
    if (store === null) return { before: step > 0 ? memoryAt(step - 1, null) : { rows: new Map(), len: head.born }, after };
    return { before: memoryAt(step, Math.max(store - 1, 0)), after };
  }

  const isNow = (touch) => touch !== null && touch.step === now.step &&
    (now.part ? touch.store > now.part.from && touch.store <= now.part.to : now.store === null || touch.store === now.store);
  const isEarlier = (touch) => touch !== null && touch.step === now.step && !isNow(touch);

  // Moments.

  function go(step, store, byte, part = null) {
    now.step = Math.min(Math.max(step, 0), lastShown());
    const { list } = steps[now.step];
    now.store = store === null || list.length === 0 ? null : Math.min(Math.max(store, 0), list.length);
    now.part = part;
    if (byte !== undefined) now.byte = byte;
    else now.byte = defaultByte();
    show();
  }

  // Returns the last step that may be shown: that of a lesson's open question, or the last of all.
  const lastShown = () => lesson?.limit() ?? steps.length - 1;

  // Returns the byte to show: the first one that was just written, or else the one that the step is about.
  function defaultByte() {
    const { list, focus, rows } = steps[now.step];
    const event = now.store ? list[now.store - 1] : null;
    if (event?.patches?.length) return event.patches[0].at;
    const isShown = now.byte !== null && rows.includes(now.byte - now.byte % WIDTH);
    if (now.store !== null && isShown) return now.byte;
    const first = list.find((other) => other.patches?.length);
    return first ? first.patches[0].at : focus ?? (isShown ? now.byte : rows[0] ?? 0);
  }

  function next() {
    const { step, store } = now, { list } = steps[step];
    if (store !== null && store < list.length) return go(step, store + 1);
    if (step < lastShown()) go(step + 1, store === null ? null : 0);
  }

  function back() {
    const { step, store } = now;
    if (store !== null && store > 0) return go(step, store - 1);
    if (step > 0) go(step - 1, store === null ? null : steps[step - 1].list.length);
  }

  const unfold = () => go(now.step, now.store === null ? 0 : null);

  function goToWriter() {
    const touch = touchOf(beforeAndAfter().after, now.byte);
    if (touch) go(touch.step, touch.store, now.byte);
  }

  function nextChange(direction) {
    const { after } = beforeAndAfter(), changed = [];
    for (const row of steps[now.step].rows)
      for (let at = row; at < row + WIDTH; at++) {
        const touch = touchOf(after, at);
        if (touch?.step === now.step && !(touchOf(after, at - 1)?.step === now.step)) changed.push(at);
      }
    if (direction < 0) changed.reverse();
    const found = changed.find((at) => direction * (at - now.byte) > 0) ?? changed[0];
    if (found !== undefined) go(now.step, now.store, found);
  }

  // The page.

  function show() {
    const { before, after } = beforeAndAfter();
    showList();
    showTime();
    showStep();
    const names = namesNow();
    table($("before"), before, after, names, false);
    table($("after"), after, before, names, true);
    $("before-title").textContent = now.part ? `Memory before ${now.part.name}` : now.store ? `Memory before ${noun(now.store)}` : now.store === 0 ? "Memory before the first store" : `Memory before step ${now.step}`;
    $("after-title").textContent = now.part ? `Memory after ${now.part.name}` : now.store ? `Memory after ${noun(now.store)}` : now.store === 0 ? "The same" : `Memory after step ${now.step}`;
    showByte(after, names);
    showNames(names);
    const hash = `#step=${now.step}` + (now.store === null ? "" : `&store=${now.store}`) + `&byte=${plain(now.byte)}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
  }

  const noun = (store) => `store ${store} of ${steps[now.step].events.toLocaleString("en")}`;

  function showTime() {
    const { step, store } = now, { list, events, text } = steps[step];
    const stepper = $("step"), storer = $("store");
    stepper.max = lastShown();
    stepper.value = step;
    stepper.setAttribute("aria-valuetext", `step ${step} of ${last}: ${text}`);
    $("step-of").textContent = `${step} of ${last}`;
    storer.max = list.length;
    storer.value = store ?? list.length;
    storer.disabled = list.length === 0;
    storer.setAttribute("aria-valuetext", store === null ? "the whole step" : `store ${store} of ${events}`);
    $("store-of").textContent = list.length === 0 ? "none" : store === null ? `all ${events.toLocaleString("en")}` : `${store} of ${events.toLocaleString("en")}`;
    $("unfold").disabled = list.length === 0;
    $("unfold").setAttribute("aria-pressed", String(store !== null));
    $("back").disabled = step === 0 && !store;
    $("next").disabled = step === lastShown() && (store === null || store === list.length);
    $("steps").querySelectorAll("button").forEach((button, index) => {
      if (index !== step) return button.removeAttribute("aria-current");
      button.setAttribute("aria-current", "step");
      const nav = button.closest("nav"), { top, bottom } = button.getBoundingClientRect(), area = nav.getBoundingClientRect();
      if (top < area.top) nav.scrollTop -= area.top - top + 40;
      if (bottom > area.bottom) nav.scrollTop += bottom - area.bottom + 40;
    });
  }

  function showStep() {
    const step = steps[now.step], sentences = $("said");
    $("statement").textContent = lesson && step.ask ? `${now.step}  a question` : `${now.step}  ${step.text}` + (step.back ? `  → ${step.back}` : "");
    sentences.replaceChildren(...step.prose.map((text) => make("p", "narration", text)));
    if (step.ask && !lesson) sentences.append(...question(step.ask));
    if (now.part) sentences.append(make("p", "", `${now.part.name}: ${now.part.text}.`));
    else if (now.store !== null) sentences.append(make("p", "", eventSentence(step)));
    if (step.effect) sentences.append(make("p", now.store === null ? "" : "legend", (now.store === null ? "" : "The whole step: ") + step.effect));
    if (step.javascript && !step.ask) sentences.append(javascript(step));
    if (step.error) sentences.append(make("p", "finding error", `${step.outcome}: ${step.error}`));
    if (step.events > step.list.length)
      sentences.append(make("p", "legend", `This page holds the first ${count(step.list.length, "event")} of ${count(step.events, "event")} one by one; the effect of the others is shown at the end of the step.`));
    if (step.unrecorded > 0) sentences.append(make("p", "legend", `${count(step.unrecorded, "store")} of this step were recorded as a difference of memory.`));
    if (step.parts) sentences.append(partList(step.parts));
    $("findings").replaceChildren(...step.findings.map((finding) => findingItem(finding, now.step)));
    lesson?.showStep(now.step);
  }

  // Returns the calls of imports with what the host did in each; each goes to memory before and after it.
  function partList(parts) {
    const list = make("ol", "parts");
    list.setAttribute("aria-label", "Parts of this step");
    for (const part of parts) {
      const item = make("li"), button = make("button", "", `${part.name} ${part.text}`);
      button.type = "button";
      button.addEventListener("click", () => {
        go(now.step, part.to, undefined, part);
        document.querySelector(".parts [aria-current]")?.focus();
      });
      if (now.part === part) button.setAttribute("aria-current", "step");
      item.style.marginInlineStart = `${part.depth}em`;
      item.append(button);
      list.append(item);
    }
    return list;
  }

  // Returns the step in JavaScript, folded until the reader opens it; then that of every step is open.
  let isCodeOpen = false;
  function javascript({ javascript, view }) {
    const node = make("details"), code = make("pre", "", javascript);
    code.tabIndex = 0;
    node.open = isCodeOpen;
    node.addEventListener("toggle", () => isCodeOpen = node.open);
    node.append(make("summary", "", "In JavaScript"), code, ...(view ? [make("p", "legend", view)] : []));
    return node;
  }

  // Returns a question with its hints and its answer, which the reader opens.
  function question({ question, hints, answer }) {
    const folded = (title, text) => {
      const node = make("details");
      node.append(make("summary", "", title), make("p", "", text));
      return node;
    };
    return [make("p", "question", question), ...hints.map((hint) => folded("Hint", hint)), ...(answer === null ? [] : [folded("Answer", answer)])];
  }

  // The steps after the first question that the reader has not passed are hidden; in a lesson, those after the open one.
  function showList() {
    passed = Math.max(passed, now.step);
    const open = lesson ? lastShown() : steps.findIndex((step, index) => step.ask && index >= passed);
    $("steps").querySelectorAll("li").forEach((item, index) => item.hidden = open >= 0 && index > open);
    $("all-findings").querySelectorAll("li").forEach((item, index) => item.hidden = open >= 0 && found[index]?.index > open);
  }

  // Returns a sentence about the last event before the moment shown.
  function eventSentence(step) {
    if (now.store === 0) return `Before the first of ${count(step.events, "store")}.`;
    const event = step.list[now.store - 1], { name } = writers[event.by];
    const intro = `Store ${now.store} of ${step.events}: ${name}`;
    if (event.grew) return `${intro} grew memory from ${event.grew[0]} to ${count(event.grew[1], "page")}.`;
    const [patch] = event.patches;
    if (!patch) return `${intro} wrote ${count(event.len, "byte")} at ${plain(event.at)}, outside the rows of this page.`;
    const show = (bytes) => Array.from(bytes.slice(0, 8), (byte) => padded(byte, 2)).join(" ") + (bytes.length > 8 ? " …" : "");
    return `${intro} put ${show(patch.after)} at ${plain(event.at)}, where ${show(patch.before)} was` + (event.len > 8 ? `: ${count(event.len, "byte")}.` : ".");
  }

  function findingItem(finding, step) {
    const item = make("li", `finding ${finding.severity}`);
    item.append(make("b", "", `${finding.claimed ? "as expected" : finding.severity}: ${finding.kind} `), finding.message);
    if (finding.blamed !== null && finding.blamed !== step) item.append(" ", goButton(`because of step ${finding.blamed}`, finding.blamed));
    return item;
  }

  function goButton(text, step, store = null, byte = undefined) {
    const button = make("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => go(step, store, byte));
    return button;
  }

  // Returns what is named at the moment shown. The names of a step are known from its end on.
  function namesNow() {
    const isOver = now.store === null || now.store === steps[now.step].list.length;
    const step = steps[isOver ? now.step : Math.max(now.step - 1, 0)];
    const spans = isOver || now.step > 0 ? step.spans : [];
    return { spans, pointers: isOver || now.step > 0 ? step.pointers : [], found: steps[now.step].findings.flatMap((finding) => finding.spans.slice(0, 1)) };
  }

  const holds = (at, len, address) => address >= at && address < at + len;

  // Fills a table with a dump of `memory`; `other` is the memory that it is compared with.
  function table(node, memory, other, names, isAfter) {
    const columns = narrow.matches ? 8 : WIDTH;
    const { rows } = steps[now.step];
    const after = isAfter ? memory : other;
    const headRow = make("tr");
    headRow.append(make("th"), make("th", "", "address"));
    for (let index = 0; index < columns; index++) headRow.append(make("th", "", index.toString(16)));
    headRow.append(make("th", "", "text"));
    headRow.querySelectorAll("th").forEach((cell) => cell.scope = "col");
    const thead = make("thead"), tbody = make("tbody");
    thead.append(headRow);
    let expected = null;
    for (const row of rows.flatMap((at) => columns === WIDTH ? [at] : [at, at + 8])) {
      if (row >= memory.len && row >= other.len) continue;
      if (expected !== null && row !== expected) tbody.append(gapRow(columns));
      expected = row + columns;
      tbody.append(dumpRow(row, columns, memory, after, names, isAfter));
    }
    if (!tbody.firstChild) tbody.append(gapRow(columns, "There are no bytes to show for this step."));
    node.replaceChildren(thead, tbody);
  }

  function gapRow(columns, text = "…") {
    const row = make("tr"), cell = make("td", "gap", text);
    cell.colSpan = columns + 3;
    row.append(cell);
    return row;
  }

  function dumpRow(row, columns, memory, after, names, isAfter) {
    const node = make("tr"), text = make("td", "text");
    const within = (address) => holds(row, columns, address);
    const marks = [...names.pointers.filter((pointer) => within(pointer.at)).map((pointer) => pointer.name),
      ...names.spans.filter((span) => within(span.at) && !span.released).map((span) => span.name)];
    const mark = make("th", "mark", marks.length ? (narrow.matches ? "▸" : `${marks.join(", ")} ▸`) : "");
    if (marks.length) mark.title = marks.join(", ");
    const offset = make("th", "", padded(row, digits));
    offset.scope = "row";
    node.append(mark, offset);
    for (let address = row; address < row + columns; address++) {
      const byte = byteIn(memory, address), touch = touchOf(after, address);
      const cell = make("td", "", byte === null ? "" : padded(byte, 2));
      const letter = make("span", "", byte === null ? " " : glyph(byte));
      const changed = isNow(touch), classes = [];
      if (byte === 0) classes.push("zero");
      if (address - row === columns / 2) classes.push("half");
      if (names.spans.some((span) => !span.released && holds(span.at, span.len, address))) classes.push("named");
      if (names.found.some(([at, len]) => holds(at, len, address))) classes.push("found");
      if (changed) classes.push("changed");
      else if (isEarlier(touch)) classes.push("earlier");
      cell.className = classes.join(" ");
      letter.className = changed ? "changed" : byte === 0 ? "zero" : "";
      cell.dataset.at = address;
      if (isAfter && byte !== null) {
        cell.setAttribute("role", "gridcell");
        cell.tabIndex = address === now.byte ? 0 : -1;
        if (changed) cell.setAttribute("aria-label", `${padded(byte, 2)}, changed, was ${padded(touch.was, 2)}`);
      }
      node.append(cell);
      text.append(letter);
    }
    node.append(text);
    return node;
  }

  function showByte(memory, names) {
    const at = now.byte, list = $("byte"), lines = [];
    const known = [];
    for (let address = at; address < at + 32 && address < memory.len && memory.rows.has(address - address % WIDTH); address++) known.push(byteIn(memory, address));
    const byte = byteIn(memory, at);
    $("byte-title").textContent = `Byte ${plain(at)}`;
    lines.push(["address", `${plain(at)}, ${at.toLocaleString("en")}`]);
    if (byte === null) lines.push(["byte", "past the end of memory"]);
    else {
      lines.push(["byte", `${padded(byte, 2)}  ${byte}  ${byte.toString(2).padStart(8, "0")}  ${glyph(byte)}`]);
      const view = new DataView(Uint8Array.from(known.slice(0, 8)).buffer), many = view.byteLength;
      if (many >= 2) lines.push(["u16, i16", `${view.getUint16(0, true)}, ${view.getInt16(0, true)}`]);
      if (many >= 4) lines.push(["u32, i32", `${view.getUint32(0, true)}, ${view.getInt32(0, true)}`], ["f32", String(view.getFloat32(0, true))]);
      if (many >= 8) lines.push(["u64", String(view.getBigUint64(0, true))], ["f64", String(view.getFloat64(0, true))]);
      const end = known.findIndex((value) => value < 0x20 || value > 0x7e);
      const text = String.fromCharCode(...known.slice(0, end < 0 ? known.length : end));
      if (text) lines.push(["text", `"${text}"`]);
    }
    const spans = names.spans.filter((span) => holds(span.at, span.len, at));
    if (spans.length) lines.push(["in", spans.map((span) => `${span.name} + ${at - span.at} (${span.kind}${span.released ? ", released" : ""})`).join(", ")]);
    let touch = touchOf(memory, at);
    if (!touch) lines.push(["written by", "no write that this page holds"]);
    for (let index = 0; touch && index < 6; index++, touch = touch.earlier) {
      const store = touch.store === null ? "" : ` store ${touch.store}`;
      lines.push([index === 0 ? "written by" : "before that", `step ${touch.step}${store}: ${writers[touch.by].name} (${padded(touch.was, 2)} → ${padded(touch.is, 2)})`]);
      if (index === 0 && writers[touch.by].code) lines.push(["line", writers[touch.by].code]);
    }
    list.replaceChildren(...lines.map(([name, value]) => {
      const line = make("div");
      line.append(make("dt", "", name), make("dd", "", value));
      return line;
    }));
    $("writer").disabled = !touchOf(memory, at);
  }

  function showNames({ spans, pointers }) {
    const items = [
      ...pointers.map((pointer) => `${pointer.name} points to ${plain(pointer.at)}` + (pointer.from !== null && pointer.from !== pointer.at ? `, before to ${plain(pointer.from)}` : "")),
      ...spans.map((span) => `${span.kind} ${span.name}: ${plain(span.at)}..${plain(span.at + span.len)}, ${count(span.len, "byte")}` + (span.released ? ", released" : "")),
    ];
    $("names").replaceChildren(...(items.length ? items : ["Nothing is named yet."]).map((text) => make("li", "", text)));
  }

  // The parts that stay the same.

  steps.forEach((step, index) => {
    const item = make("li"), button = goButton("", index);
    const isOk = step.outcome === "ok";
    button.append(make("span", isOk ? "" : "wrong", isOk ? "✓" : "✗"), make("span", "", String(index)), make("span", "", step.text));
    if (!isOk || step.back) button.append(make("span", isOk ? "result" : "result wrong", isOk ? `→ ${step.back}` : step.outcome + (step.claimed ? ", as expected" : "")));
    item.append(button);
    $("steps").append(item);
  });
  for (const [index, text] of head.pending.entries()) {
    const item = make("li", "pending"), words = `· ${steps.length + head.more + index}`;
    item.append(make("span", "", words), make("span", "", text), make("span", "unseen", "did not run"));
    $("steps").append(item);
  }
  if (head.left > head.pending.length) $("steps").append(make("li", "legend", `${count(head.left - head.pending.length, "more step")} did not run.`));
  if (head.more > 0) $("steps").append(make("li", "legend", `${count(head.more, "more step")} ran and are left out of this page.`));
  $("all-findings").replaceChildren(...found.map(({ finding, index }) => {
    const item = findingItem(finding, index);
    item.prepend(goButton(`step ${index}`, index, null, finding.spans[0]?.[0]), " ");
    return item;
  }));
  if (found.length === 0) $("all-findings").append(make("li", "", "Nothing was found."));

  $("step").addEventListener("input", (event) => go(Number(event.target.value), null));
  $("store").addEventListener("input", (event) => go(now.step, Number(event.target.value)));
  $("back").addEventListener("click", back);
  $("next").addEventListener("click", next);
  $("unfold").addEventListener("click", unfold);
  $("writer").addEventListener("click", goToWriter);

  function choose(address, withFocus) {
    go(now.step, now.store, address, now.part);
    if (withFocus) $("after").querySelector(`[data-at="${address}"]`)?.focus();
  }

  for (const id of ["before", "after"]) $(id).addEventListener("click", (event) => {
    const at = event.target.closest("[data-at]")?.dataset.at;
    if (at !== undefined) choose(Number(at), true);
  });

  $("after").addEventListener("keydown", (event) => {
    const columns = narrow.matches ? 8 : WIDTH;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const cells = [...$("after").querySelectorAll("[role=gridcell]")], addresses = cells.map((cell) => Number(cell.dataset.at));
    const wanted = now.byte + by, at = addresses.indexOf(now.byte);
    const nearest = addresses.includes(wanted) ? wanted : addresses[Math.min(Math.max(at + by, 0), addresses.length - 1)];
    if (nearest !== undefined) choose(nearest, true);
  });

  const lesson = head.lesson ? globalThis.lessonPage({ head, steps, make, show }) : null;

  const KEYS = {
    ArrowRight: next, l: next, " ": next, ArrowLeft: back, h: back, Backspace: back, o: unfold, w: goToWriter,
    "]": () => nextChange(1), "[": () => nextChange(-1), g: () => go(0, null), G: () => go(steps.length - 1, null),
  };
  document.addEventListener("keydown", (event) => {
    const onControl = event.target.closest?.("input, textarea, button, a, pre, summary");
    const isItsOwn = onControl && (event.target.matches("input, textarea") || event.key === " " || event.target.matches("pre"));
    if (event.ctrlKey || event.altKey || event.metaKey || isItsOwn || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  // Shows the moment that the address of the page names, as in #step=4&store=7&byte=0x412.
  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const number = (name) => wanted.has(name) && Number.isSafeInteger(Number(wanted.get(name))) ? Number(wanted.get(name)) : null;
    const byte = number("byte");
    go(number("step") ?? now.step, wanted.has("step") ? number("store") : now.store, byte !== null && byte >= 0 ? byte : undefined);
  }
  addEventListener("hashchange", fromAddress);
  narrow.addEventListener("change", show);
  $("after-rows").addEventListener("scroll", () => $("before-rows").scrollTop = $("after-rows").scrollTop);
  if (steps.length > 0) {
    $("stage").hidden = false;
    fromAddress();
  }
})();

/* SPDX-License-Identifier: MIT */
/*
 * What the page of `tlsbye report --html` can do beyond being read: the table sorts and filters, ladders open in
 * place, lines are copied.
 *
 * Rules: everything that is shown stands in the document already. The script moves and hides elements, and writes
 * text (textContent) of its own; it never makes markup out of a string, since strings may come from a hostile log.
 */
"use strict";

(() => {
	const page = document.documentElement;
	const table = document.getElementById("connections");

	function makeButton(text, className) {
		const button = document.createElement("button");
		button.type = "button";
		button.textContent = text;
		button.className = className || "";
		return button;
	}

	/* --- a connection is a tbody: its row, and the row with its ladder --- */

	const connections = table ? [...table.tBodies] : [];

	function openLadder(body, open) {
		body.classList.toggle("opened", open);
		body.querySelector("details").open = open;
		body.querySelector(".open").setAttribute("aria-expanded", open);
	}

	function addOpener(body) {
		const cell = body.querySelector("th");
		const details = body.querySelector("details");
		const button = makeButton(cell.textContent.trim(), "open");
		details.id = "ladder-" + body.id;
		button.setAttribute("aria-controls", details.id);
		button.title = "Show or hide the ladder of this connection";
		cell.replaceChildren(button);
		button.addEventListener("click", () => openLadder(body, !body.classList.contains("opened")));
		openLadder(body, false);
	}

	/* A link leads to a connection, or to lines in a <details>. */
	function showLinked() {
		const body = document.getElementById(location.hash.slice(1));
		if (!connections.includes(body)) {
			body?.closest("details")?.setAttribute("open", "");
			return;
		}
		if (body.hidden)
			clearFilters();
		openLadder(body, true);
		body.scrollIntoView({block: "center"});
		body.querySelector(".open").focus({preventScroll: true});
	}

	/* --- sorting --- */

	function compare(one, other) {
		const difference = one - other;
		if (one !== "" && other !== "" && !Number.isNaN(difference))
			return difference;
		return one.localeCompare(other, undefined, {numeric: true});
	}

	/* What is unknown comes last, whichever the direction. Numbers: the greatest first, at the first press. */
	function sortBy(heading, column) {
		const now = heading.getAttribute("aria-sort");
		const descending = now ? now === "ascending" : heading.classList.contains("number");
		const keys = new Map(connections.map((body) => [body, body.rows[0].cells[column].dataset.key]));

		connections.sort((a, b) => {
			const one = keys.get(a), other = keys.get(b);
			if (one === "" || other === "")
				return (one === "") - (other === "");
			return descending ? compare(other, one) : compare(one, other);
		});
		for (const cell of table.tHead.rows[0].cells)
			cell.removeAttribute("aria-sort");
		heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
		table.append(...connections);
	}

	function makeSortable(heading, column) {
		const button = makeButton("");
		button.append(...heading.childNodes);
		heading.replaceChildren(button);
		button.addEventListener("click", () => sortBy(heading, column));
	}

	/* --- filtering --- */

	const tools = document.getElementById("tools");
	const box = document.getElementById("filter");
	let verdict = "";

	/* Every word has to be somewhere in the row. */
	function filter() {
		const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		for (const body of connections) {
			const row = body.rows[0];
			const text = row.textContent.toLowerCase();
			body.hidden = (verdict !== "" && row.dataset.verdict !== verdict) ||
				!words.every((word) => text.includes(word));
			shown += !body.hidden;
		}
		document.getElementById("shown").textContent =
			shown === connections.length ? "all " + shown + " shown" : shown + " of " + connections.length + " shown";
	}

	function pressVerdict(wanted) {
		verdict = wanted;
		for (const button of tools.querySelectorAll("[data-verdict]"))
			button.setAttribute("aria-pressed", button.dataset.verdict === verdict);
		filter();
	}

	function clearFilters() {
		box.value = "";
		pressVerdict("");
	}

	function addTools() {
		tools.hidden = false;
		box.addEventListener("input", filter);
		for (const button of tools.querySelectorAll("[data-verdict]"))
			button.addEventListener("click", () => pressVerdict(button.dataset.verdict));
		clearFilters();
	}

	/* --- copying --- */

	function select(element) {
		const range = document.createRange();
		range.selectNodeContents(element);
		getSelection().removeAllRanges();
		getSelection().addRange(range);
	}

	/* A page of a file may be refused the clipboard: then the lines are marked, ready to be copied by hand. */
	async function copy(button, lines) {
		let said = "copied";
		try {
			await navigator.clipboard.writeText(lines.textContent);
		} catch {
			select(lines);
			said = document.execCommand("copy") ? "copied" : "marked: copy it by the keyboard";
		}
		button.textContent = said;
		setTimeout(() => { button.textContent = "copy"; }, 2000);
	}

	function addCopy(figure) {
		const button = makeButton("copy", "copy");
		button.setAttribute("aria-live", "polite");
		button.addEventListener("click", () => copy(button, figure.querySelector("pre")));
		figure.prepend(button);
	}

	/* --- paper shows all groups --- */

	function openGroupsForPrint() {
		const closed = [...document.querySelectorAll(".group:not([open]), .needed:not([open])")];
		for (const group of closed)
			group.open = true;
		addEventListener("afterprint", () => {
			for (const group of closed)
				group.open = false;
		}, {once: true});
	}

	page.classList.add("script");
	for (const figure of document.querySelectorAll("figure.lines"))
		addCopy(figure);
	addEventListener("beforeprint", openGroupsForPrint);
	if (connections.length) {
		connections.forEach(addOpener);
		[...table.tHead.rows[0].cells].forEach(makeSortable);
		addTools();
	}
	addEventListener("hashchange", showLinked);
	showLinked();
})();

/**
 * Elements without markup strings: nothing here parses HTML.
 * @typedef {Record<string, string | number | boolean | null | undefined | EventListener>} Attributes
 */

/**
 * A new element. `on...` attributes are listeners, `class`, `data-*` and `aria-*` are attributes, null is left out.
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else setAttribute(node, name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Sets the text of a node only where it differs. */
export function setText(node, text) {
  const leaf = node.firstChild;
  if (leaf === null) node.textContent = text;
  else if (leaf.data !== text) leaf.data = text;
}

/** Sets, changes or removes (null, undefined, false) an attribute, only where it differs. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Sets a CSS custom property only where it differs. */
export function setVariable(node, name, value) {
  const text = String(value);
  if (node.style.getPropertyValue(name) !== text) node.style.setProperty(name, text);
}

/** Disables a control only where it differs. */
export function setDisabled(node, isDisabled) {
  if (node.disabled !== isDisabled) node.disabled = isDisabled;
}

/**
 * Makes `parent` hold exactly `nodes`, in order, moving as few as possible.
 * @param {Element} parent
 * @param {Element[]} nodes
 */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const node of nodes) {
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

/** The row that stands where a table has none. */
export function emptyRow(columns, text) {
  return element("tr", {}, element("td", { class: "left muted", colspan: columns }, text));
}

/** Two-state buttons of one choice: presses the one whose `data-value` is `value`. */
export function pressOnly(group, value) {
  for (const button of group.querySelectorAll("button")) {
    setAttribute(button, "aria-pressed", String(button.dataset.value === value));
  }
}

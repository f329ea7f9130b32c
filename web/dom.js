/**
 * Makes an element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function dom(name, attributes = {}, ...children) {
  return equip(document.createElement(name), attributes, ...children);
}

/**
 * Gives an element attributes and children.
 *
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {E}
 */
export function equip(element, attributes, ...children) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The second look at an order that a soft limit rejected: the same order again, with the bound confirmed. */

import { newCommandId } from "../feeds/orders.js";
import { exact } from "../lib/format.js";
import { SecondLook } from "./second_look.js";

export class SoftLimit extends SecondLook {
  /** @param {(stated: {text: string, message: object}) => void} onConfirm */
  constructor(onConfirm) {
    super("Soft limit", "Confirm above soft limit");
    this.onConfirm = onConfirm;
  }

  /** @param {{stated: {text: string, message: object}, value: string, bound: string}} refused */
  offer({ stated, value, bound }) {
    super.offer(`Value ${dollars(value)} is above the soft limit of ${dollars(bound)}: ${stated.text}`, () => {
      const message = { ...stated.message, command_id: newCommandId(), confirmed_soft_bound: figure(bound) };
      this.onConfirm(Object.freeze({ text: `${stated.text}, soft limit of ${dollars(bound)} confirmed`, message: Object.freeze(message) }));
    });
  }
}

/** `50000.5 USD` -> `50000.5`. */
const figure = (money) => money.split(" ")[0];
const dollars = (money) => `${exact(figure(money))} USD`;

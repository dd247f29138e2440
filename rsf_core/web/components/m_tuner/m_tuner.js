// The M tuner as a component of Streamlit.

import { Tuner } from "./tuner.js";

const tuners = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  let tuner = tuners.get(parentElement);
  if (!tuner) {
    tuner = new Tuner(parentElement, setStateValue);
    tuners.set(parentElement, tuner);
  }
  tuner.show(data);
  return () => {
    tuner.observer.disconnect();
    tuners.delete(parentElement);
  };
}

// The review card as a component of Streamlit: reading and deciding happen in the browser; what is said goes to /api/review
// through the outbox.

import { Card } from "./card.js";
import { mounted } from "./mount.js";

export default mounted((root) => new Card(root));

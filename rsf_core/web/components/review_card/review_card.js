// The review card as a component of Streamlit: reading and deciding happen in the browser; acts go to /api/review through the
// outbox.

import { Card } from "./card.js";
import { mounted } from "./mount.js";

export default mounted((root) => new Card(root));

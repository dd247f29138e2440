// Compare as a component of Streamlit: choosing happens in the browser; choices go to /api/review/compare through the outbox
// of the review card.

import { mounted } from "../review_card/mount.js";
import { CompareCard } from "./card.js";

export default mounted((root) => new CompareCard(root));

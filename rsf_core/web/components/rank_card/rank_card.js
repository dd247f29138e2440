// Rank as a component of Streamlit: ranking happens in the browser; rankings go to /api/review/rank through the outbox of the
// review card.

import { mounted } from "../review_card/mount.js";
import { RankCard } from "./card.js";

export default mounted((root) => new RankCard(root));

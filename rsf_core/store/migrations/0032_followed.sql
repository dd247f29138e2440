-- The ends of jobs after which all that follows was started. Whoever opens the project starts what follows the others, and need not
-- look at every job there ever was.
CREATE TABLE followed_events (
    event BIGINT PRIMARY KEY  -- the seq of the job event
);

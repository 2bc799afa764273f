-- The last position is the largest in the log. A server of an older version stops giving positions here, and this one does.
ALTER TABLE "event_sequencer" DROP COLUMN "position";

import { CircleX } from "lucide-react";
import type { ReactNode } from "react";
import { plural } from "../../design/format";
import type { RatingDesk } from "./useRatings";

/** A line above the list while ratings have not reached the server. */
export function Unsaved({ desk }: { desk: RatingDesk }): ReactNode {
  const { failed } = desk;
  if (failed.length === 0) return null;
  return (
    <div className="banner banner-error" role="alert">
      <CircleX className="icon icon-s" aria-hidden />
      <span>
        <b>{`${plural(failed.length, ["rating was", "ratings were"])} not saved:`}</b> {failed[0]?.reason}
      </span>
      <span className="spacer" />
      <button type="button" className="btn btn-s" onClick={desk.retry}>
        Retry
      </button>
      <button type="button" className="btn btn-s btn-quiet" onClick={desk.discard}>
        Take back
      </button>
    </div>
  );
}

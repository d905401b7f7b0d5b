import type { ReactNode } from "react";
import type { RankedRow, Source } from "../../app/source";
import { count, odds, plural, STRONG, score, strength } from "../../design/format";
import { State } from "../../design/State";
import { type Mark, RATING_WORDS } from "../rate/ratings";

interface WhyProps {
  source: Source;
  row: RankedRow | null;
  rows: readonly RankedRow[];
  mark: Mark | undefined;
}

/** The place of the row as a sentence, from nothing but the list and its scores. */
function Lead({ source, row, rows }: { source: Source; row: RankedRow; rows: readonly RankedRow[] }): ReactNode {
  const place = rows.findIndex((other) => other.id === row.id);
  const chance = odds(row.score);
  const strong = strength(row.score) >= STRONG;
  const equals = rows.filter((other) => other.score === row.score).length - 1;
  return (
    <ul className="why-lead">
      <li>
        {place === 0
          ? `The most suspicious of ${plural(rows.length, source.noun)} in the list.`
          : `Number ${count(place + 1)} of ${plural(rows.length, source.noun)} in the list, the most suspicious first.`}
      </li>
      {chance && (
        <li>
          An ordinary day would show this with odds of <b>{chance}</b>.
        </li>
      )}
      <li>
        {strong ? "It counts as strong: its score is below " : "It does not count as strong: its score is not below "}
        <span className="nowrap">2.3e-6</span>.
      </li>
      {equals > 0 && <li>{`${plural(equals, ["other row has", "other rows have"])} the same score.`}</li>}
    </ul>
  );
}

/** What is known about the rank of a row. The score says how unlikely an event is, not why. */
export function Why({ source, row, rows, mark }: WhyProps): ReactNode {
  if (row === null) {
    return (
      <>
        <div className="panel-head">
          <h2 id="t-why">Why</h2>
        </div>
        <State title="No row is picked">
          <p>Pick a row to see its rank, its score and what is known about it.</p>
        </State>
      </>
    );
  }
  const twins = rows.filter((other) => other.id !== row.id && source.rating.key(other) === source.rating.key(row));
  return (
    <>
      <div className="panel-head">
        <h2 id="t-why">{`Why rank ${row.rank}`}</h2>
        <span className="sub mono">{source.headline(row)}</span>
      </div>
      <div className="panel-scroll why-body" role="region" aria-label="What is known about the row" tabIndex={0}>
        <Lead source={source} row={row} rows={rows} />
        <div className="odds">
          <b>{`Score ${score(row.score)}`}</b>
          <span className="muted">a lower score is more suspicious; it does not say why</span>
        </div>
        <dl className="facts">
          {mark && (
            <div className="fact">
              <dt>Rated</dt>
              <dd>{RATING_WORDS[mark.rating]}</dd>
            </div>
          )}
          {source.facts(row).map(([label, value]) => (
            <div className="fact" key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          {twins.length > 0 && (
            <div className="fact">
              <dt>Rated as one</dt>
              <dd>{`with ${twins.length === 1 ? "rank" : "ranks"} ${twins.map((other) => other.rank).join(", ")}`}</dd>
            </div>
          )}
        </dl>
      </div>
    </>
  );
}

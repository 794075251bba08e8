/** The head of the page: which cluster, which moment, what is missing, and what can be done with the recording. */
import { useState } from 'react';
import { linesOf, saveRecording, themeNow, wear } from '../browser.js';
import type { Desk, View } from '../desk.js';
import { agoText, bytesText, missingTexts, timeText } from '../model/words.js';

interface Props {
  readonly desk: Desk;
  readonly view: View;
}

export function Header({ desk, view }: Props) {
  return (
    <header>
      <div className="head">
        <h1>
          Quorate <span>inspector</span>
        </h1>
        {view.cluster !== '' && <span className="cluster">cluster “{view.file ?? view.cluster}”</span>}
        <Moment desk={desk} view={view} />
        <span className="space" />
        <Files desk={desk} view={view} />
        <ThemeButton />
      </div>
      <Notices desk={desk} view={view} />
    </header>
  );
}

function Moment({ desk, view }: Props) {
  if (view.file !== null) {
    return (
      <span className="moment past" role="status">
        recording, at {timeText(view.at_ms)}
      </span>
    );
  }
  if (view.isLive) {
    const isHeard = view.connection === 'open';
    return (
      <>
        <span className={isHeard ? 'moment live' : 'moment broken'} role="status" data-moment="live">
          {isHeard ? '● live' : '○ not connected'}
        </span>
        <button type="button" onClick={() => desk.goTo(view.at_ms)}>
          Pause the view
        </button>
      </>
    );
  }
  return (
    <>
      <span className="moment past" data-moment="past">
        {agoText(view.span.to_ms - view.at_ms)} ({timeText(view.at_ms)})
      </span>
      <button type="button" className="strong" onClick={desk.goLive}>
        Back to live
      </button>
    </>
  );
}

function Files({ desk, view }: Props) {
  const [said, say] = useState('');
  const open = (file: File | undefined): void => {
    if (file === undefined) return;
    say(`reading ${file.name} …`);
    desk.open(file.name, linesOf(file)).then(
      () => say(''),
      (error: unknown) => say(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <>
      {said !== '' && (
        <span className="said" role="status">
          {said}
        </span>
      )}
      <button
        type="button"
        disabled={view.bytes === 0}
        onClick={() => saveRecording(desk)}
        title="Saves what this page still has as a file, one message a line"
      >
        Save recording ({bytesText(view.bytes)})
      </button>
      <label className="button">
        Open a recording
        <input
          type="file"
          accept=".ndjson,.jsonl,application/x-ndjson"
          onChange={({ target }) => {
            open(target.files?.[0]);
            target.value = '';
          }}
        />
      </label>
      {view.file !== null && (
        <button type="button" className="strong" onClick={desk.leaveFile}>
          Back to the cluster
        </button>
      )}
    </>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(themeNow);
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      aria-label={`Show in ${other} colours`}
      onClick={() => {
        wear(other, true);
        setTheme(other);
      }}
    >
      {other === 'dark' ? '☾ dark' : '☀ light'}
    </button>
  );
}

function Notices({ desk, view }: Props) {
  const missing = missingTexts(view.missing);
  const isBroken = view.connection === 'broken' && view.file === null;
  if (missing.length === 0 && view.trouble === '' && !isBroken) return null;
  return (
    <div className="notices" role="status" aria-live="polite">
      {isBroken && (
        <span className="trouble">
          The inspector does not answer; trying again. What is shown is what was heard last.
        </span>
      )}
      {view.trouble !== '' && (
        <span className="trouble">
          {view.trouble}{' '}
          <button type="button" className="small" onClick={desk.dismissTrouble} aria-label="Dismiss this message">
            ✕
          </button>
        </span>
      )}
      {missing.map((text) => (
        <span key={text}>{text}</span>
      ))}
    </div>
  );
}

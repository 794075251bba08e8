/** Starts the inspector's page: a desk, the feed that fills it, and the parts that draw it. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { listen, themeNow, wear } from './browser.js';
import { createDesk } from './desk.js';
import { Page } from './parts/page.js';
import './style.css';

wear(themeNow(), false);
const desk = createDesk((...asked) => fetch(...asked));
listen(desk);
const place = document.getElementById('page');
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <Page desk={desk} />
    </StrictMode>,
  );
}

//! Where each pane lies at each size of the terminal. Pure geometry: `ui` draws into it, clicks are looked up in it.

// Light and dark: as the reader's system has it, until the switch is used. A page from disk may have no store.

const THEME = "mascope-theme";

function storedTheme() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

function keepTheme(theme) {
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    // it holds until the page is closed
  }
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => document.documentElement.dataset.theme === "dark";

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const button = $("#theme");
  button.setAttribute("aria-pressed", String(theme === "dark"));
  redrawFigures();
}

function startTheme() {
  setTheme(storedTheme() ?? (systemDark.matches ? "dark" : "light"));
  systemDark.addEventListener("change", () => storedTheme() ?? setTheme(systemDark.matches ? "dark" : "light"));
  $("#theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    keepTheme(theme);
    setTheme(theme);
  });
}

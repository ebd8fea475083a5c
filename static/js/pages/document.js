/** Pages that stream nothing: the theme button, and htmx from its own file. */

import "../widgets/theme.js";

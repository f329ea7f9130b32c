/** The page that publishes a camera or a screen. */

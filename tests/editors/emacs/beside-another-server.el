;;; beside-another-server.el --- Through a multiplexer  -*- lexical-binding: t; -*-

;;; Commentary:
;; Eglot has one server for a buffer; here that is a multiplexer, with ruff in front of ours.
;; Hovers are not part of it: the multiplexer asks only the first server for them.

;;; Code:

(require 'support)

(user-run
 (user-open)
 (let ((before (user-text)))
   (user-to "def slugify")
   (user-wait-for "actions of both"
                  (and (user-among (user-actions) "Ruff: Organize imports")
                       (user-among (user-actions) "Refine with ORPS: implement `slugify`")))
   (user-choose "Refine with ORPS: implement")
   (user-wait-for "progress in the mode line"
                  (string-match-p "ORPS slugify: " (or orps--mode-line "")))
   (user-wait-for "the end"
                  (user-among user-said "ORPS: 1 refinement of `slugify`: best "))
   (orps-preview)
   (user-check (string-match-p "^\\+.*string.ascii_lowercase" (user-text)) (user-text))
   (quit-window)
   (undo-boundary)
   (orps-apply)
   (user-check (string-match-p "string.ascii_lowercase" (user-text)) (user-text))
   (undo-boundary)
   (undo)
   (user-check (equal (user-text) before) (user-text))
   (user-sync)
   (orps-report)
   (user-check user-opened)
   (user-stop)))

;;; beside-another-server.el ends here

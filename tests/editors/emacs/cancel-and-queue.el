;;; cancel-and-queue.el --- Searches that take long  -*- lexical-binding: t; -*-

;;; Commentary:
;; Two searches queue, both are cancelled, and what a third one found is used while it goes on.

;;; Code:

(require 'support)

(user-run
 (user-open)
 (let ((before (user-text)))
   (user-to "def reading_minutes")
   (orps-refine "simplify")
   (user-wait-for "the first search"
                  (user-among (user-actions) "Cancel refining `reading_minutes`"))
   (user-to "def truncate")
   (orps-refine "simplify")
   (user-check (user-among user-said "ORPS: searches that come first: 1") user-said)
   (orps-cancel)
   (user-wait-for "the end of both" (not (or orps--mode-line
                                             (user-among (user-actions) "Cancel refining"))))
   (user-check (not (user-among user-said "was cancelled")) user-said)

   (user-to "def slugify")
   (orps-refine)
   (user-wait-for "an early result" (user-among (user-actions) "Apply now: "))
   (orps-apply)
   (user-check (string-match-p "string.ascii_lowercase" (user-text)) (user-text))
   (user-wait-for "the end" (not orps--mode-line))
   (user-check (not (user-among user-said "ORPS: 1 refinement")) user-said)
   (undo-boundary)
   (undo)
   (user-check (equal (user-text) before) (user-text))
   (user-stop)))

;;; cancel-and-queue.el ends here

;;; refine-and-apply.el --- The core journey  -*- lexical-binding: t; -*-

;;; Commentary:
;; A function is refined, what was found is looked at, applied and taken back.

;;; Code:

(require 'support)

(user-run
 (user-open)
 (let ((before (user-text)))
   (user-to "def slugify")
   (user-check (member "Refine with ORPS: implement `slugify`" (user-actions)) (user-actions))
   (orps-refine)
   (user-wait-for "progress in the mode line"
                  (string-match-p "ORPS slugify: " (or orps--mode-line "")))
   (user-wait-for "the end"
                  (user-among user-said "ORPS: 1 refinement of `slugify`: best "))
   (user-check (not orps--mode-line) orps--mode-line)
   (user-check (= 1 (cl-count-if (lambda (text) (string-match-p "refinement of" text)) user-said))
               user-said)
   (user-check (user-among (user-actions) "Apply #1: ") (user-actions))
   (let ((hover (user-hover)))
     (user-check (and (string-match-p "original" hover) (string-match-p "It splits as" hover))
                 hover))

   (orps-preview)
   (user-check (string-match-p "^\\+.*string.ascii_lowercase" (user-text)) (user-text))
   (user-check (string-match-p "^-    raise NotImplementedError" (user-text)) (user-text))
   (user-check (not (string-empty-p header-line-format)))
   (quit-window)
   (user-check (equal (user-text) before))

   (undo-boundary)
   (orps-apply)
   (user-check (string-match-p "string.ascii_lowercase" (user-text)) (user-text))
   (undo-boundary)
   (undo)
   (user-check (equal (user-text) before) (user-text))

   (undo-boundary)
   (user-choose "Apply #1: ")
   (user-wait-for "the edit" (not (equal (user-text) before)))
   (undo-boundary)
   (let ((last-command nil)) (undo))
   (user-sync)
   (user-check (equal (user-text) before) (user-text))

   (orps-report)
   (let ((file (url-unhex-string (string-remove-prefix "file://" (car user-opened)))))
     (user-check (file-exists-p file) user-opened))
   (orps-status)
   (user-check (string-prefix-p "ORPS 0." (car user-said)) user-said)
   (user-check (equal (condition-case failure (orps-apply 2) (user-error (cadr failure)))
                      "ORPS: slugify has refinements 1 to 1"))

   ;; Another server knows what this one found.
   (user-stop)
   (user-open)
   (user-to "def slugify")
   (user-wait-for "the results" (user-among (user-actions) "Apply #1: "))
   (user-stop)))

;;; refine-and-apply.el ends here

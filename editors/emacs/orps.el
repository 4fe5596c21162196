;;; orps.el --- Refine Python functions with a local model  -*- lexical-binding: t; -*-

;; Author: The orps-lsp authors
;; Keywords: languages, tools
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Version: 0.1.0

;;; Commentary:

;; Commands for the language server orps-lsp, which Eglot runs.  The server searches for better
;; versions of the Python function at point and verifies them; this file starts searches, shows
;; what they are doing in the mode line, and applies what they found.  README.md says how to set
;; it up.

;;; Code:

(require 'cl-lib)
(require 'diff)
(require 'eglot)
(require 'jsonrpc)

(defgroup orps nil
  "Refine Python functions with a local model."
  :group 'eglot)

(defcustom orps-program '("orps-lsp" "serve")
  "The command that starts the server."
  :type '(repeat string))

(defconst orps--intents '("fix" "optimise" "simplify"))

(defconst orps--timeout 60
  "Seconds that a command may take; only fetching a model has no limit.")

(defvar orps--applied nil
  "What the user ended by applying what was found: a list of (SERVER . JOB).")

(defvar orps--searches nil
  "What is going on: an alist of (SERVER . JOB) and a line of text.")

;;;###autoload
(defun orps-setup ()
  "Make Eglot start orps-lsp for Python, in place of other servers."
  (add-to-list 'eglot-server-programs
               `((python-mode python-ts-mode) . (orps-server ,@orps-program))))

;;; The server

(defclass orps-server (eglot-lsp-server) ()
  "A connection to orps-lsp.")

(defun orps--eglot-shows-progress-p ()
  "Non-nil if Eglot has progress reports of its own, as after 1.9."
  (boundp 'eglot-report-progress))

(cl-defmethod eglot-client-capabilities ((_server orps-server))
  "Ask for notifications where Eglot has no progress reports of its own."
  (let ((capabilities (cl-call-next-method)))
    (if (orps--eglot-shows-progress-p)
        capabilities
      (plist-put capabilities :experimental '(:orps (:notifications t))))))

(cl-defmethod eglot-handle-notification
  ((server orps-server) (_method (eql orps/progress)) &key job function message &allow-other-keys)
  "Show what the search JOB of SERVER for FUNCTION is doing: MESSAGE."
  (unless (memq 'orps--mode-line global-mode-string)
    (setq global-mode-string (append (or global-mode-string '("")) '(orps--mode-line))))
  (setf (alist-get (cons server job) orps--searches nil nil #'equal)
        (format "ORPS %s: %s" function message))
  (orps--refresh-mode-line))

(cl-defmethod eglot-handle-notification
  ((server orps-server) (_method (eql orps/finished))
   &key job state stop_reason refinements message &allow-other-keys)
  "Say how the search JOB of SERVER ended.
STATE and STOP_REASON tell why.  The server itself reports what went
wrong, and who applied what was found, or cancelled a search without
REFINEMENTS, needs no MESSAGE."
  (setf (alist-get (cons server job) orps--searches nil t #'equal) nil)
  (orps--refresh-mode-line)
  (when (and (equal state "done")
             (not (member (cons server job) orps--applied))
             (not (member stop_reason '("engine_failed" "evaluator_failed")))
             (not (and (equal stop_reason "cancelled") (seq-empty-p refinements))))
    (message "ORPS: %s" message)))

(defvar orps--mode-line nil
  "What the mode line says of all that goes on.")
(put 'orps--mode-line 'risky-local-variable t)

(defun orps--refresh-mode-line ()
  "Show what the servers that live are doing."
  (setq orps--searches
        (cl-remove-if-not (lambda (search) (jsonrpc-running-p (caar search))) orps--searches))
  (setq orps--mode-line
        (when orps--searches
          (concat " " (string-replace "%" "%%" (mapconcat #'cdr orps--searches " | ")))))
  (force-mode-line-update t))

;;; Requests

(defun orps--server ()
  "The server of this buffer."
  (or (eglot-current-server)
      (user-error "ORPS: no server manages this buffer; try M-x eglot")))

(defun orps--params (command argument)
  "Parameters of `workspace/executeCommand' for COMMAND with one ARGUMENT, a plist."
  `(:command ,command :arguments [,(or argument (make-hash-table))]))

(defun orps--execute (command &optional argument)
  "Run COMMAND of the server with ARGUMENT and return its answer."
  (condition-case failure
      (jsonrpc-request (orps--server) :workspace/executeCommand (orps--params command argument)
                       :deferred t :timeout orps--timeout)
    (jsonrpc-error
     (user-error "ORPS: %s" (or (alist-get 'jsonrpc-error-message (cddr failure))
                                (error-message-string failure))))))

(defun orps--here ()
  "The function at point, as the arguments of commands name it."
  (let ((params (eglot--TextDocumentPositionParams)))
    (list :uri (plist-get (plist-get params :textDocument) :uri)
          :position (plist-get params :position))))

(defun orps--find (rank)
  "Name the refinement RANK of the function at point, as commands take it."
  (let* ((found (orps--execute "orps.find" (orps--here)))
         (refinements (append (plist-get found :refinements) nil))
         (refinement (cl-find rank refinements :key (lambda (item) (plist-get item :rank)))))
    (cond
     (refinement
      (list :job (plist-get found :job)
            ;; A candidate stays the same while ranks change during a search.
            :candidate (plist-get refinement :candidate)))
     (refinements
      (user-error "ORPS: %s has refinements 1 to %d"
                  (plist-get found :function) (length refinements)))
     (t
      (user-error "ORPS: there is no refinement of %s yet" (plist-get found :function))))))

(defun orps--true-p (value)
  "Whether VALUE is true in JSON."
  (not (memq value '(nil :json-false))))

;;; Commands

;;;###autoload
(defun orps-refine (&optional intent)
  "Ask for a better version of the function at point.
INTENT is one of `orps--intents', which a prefix argument asks for;
without one the tests decide."
  (interactive
   (list (when current-prefix-arg (completing-read "Intent: " orps--intents nil t))))
  (let* ((argument (append (orps--here) (when intent (list :intent intent))))
         (position (plist-get (orps--execute "orps.refine" argument) :position)))
    (when (> position 0)
      (message "ORPS: searches that come first: %d" position))))

;;;###autoload
(defun orps-cancel ()
  "Cancel all that is being refined.  What was found is kept."
  (interactive)
  (orps--execute "orps.cancel"))

;;;###autoload
(defun orps-apply (&optional rank)
  "Apply the best refinement of the function at point, or that of RANK.
A search that is going on ends."
  (interactive "p")
  ;; The user has just asked for this edit.
  (let ((eglot-confirm-server-initiated-edits nil)
        (refinement (orps--find (or rank 1))))
    (push (cons (orps--server) (plist-get refinement :job)) orps--applied)
    (orps--execute "orps.apply" refinement)))

;;;###autoload
(defun orps-preview (&optional rank)
  "Preview the best refinement of the function at point, or that of RANK."
  (interactive "p")
  (let* ((preview (orps--execute "orps.preview" (orps--find (or rank 1))))
         (file (make-temp-file "orps-original-" nil ".py" (plist-get preview :original)))
         (refined (make-temp-file "orps-refined-" nil ".py" (plist-get preview :refined)))
         (buffer (get-buffer-create "*ORPS preview*")))
    (unwind-protect
        (progn
          (diff-no-select file refined '("-u") t buffer)
          (with-current-buffer buffer
            (setq header-line-format
                  (string-replace "%" "%%" (or (plist-get preview :summary) "")))))
      (delete-file file)
      (delete-file refined))
    (pop-to-buffer buffer)))

;;;###autoload
(defun orps-report ()
  "Open the report on the function at point, or the newest one."
  (interactive)
  (let* ((job (plist-get (orps--execute "orps.find" (orps--here)) :job))
         (report (orps--execute "orps.showReport" (when job (list :job job)))))
    (unless (orps--true-p (plist-get report :shown))
      (browse-url-of-file (plist-get report :path)))))

;;;###autoload
(defun orps-status ()
  "Say what the server is doing, and what it lacks."
  (interactive)
  (let ((status (orps--execute "orps.status")))
    (message "ORPS %s: %s%s" (plist-get status :version) (plist-get status :message)
             (if (equal (plist-get status :state) "no_model")
                 " M-x orps-fetch-model fetches a model."
               ""))))

;;;###autoload
(defun orps-fetch-model (&optional name)
  "Fetch the model NAME; without one, the model that the settings ask for."
  (interactive
   (list (completing-read
          "Fetch a model: "
          (mapcar (lambda (model) (plist-get model :name))
                  (plist-get (orps--execute "orps.models") :models))
          nil t)))
  (jsonrpc-async-request
   (orps--server) :workspace/executeCommand
   (orps--params "orps.fetchModel" (when name (list :model name)))
   :success-fn (lambda (answer) (message "ORPS: the model %s is here" (plist-get answer :model)))
   :error-fn (lambda (failure) (message "ORPS: %s" (plist-get failure :message)))
   :timeout nil))

(provide 'orps)

;;; orps.el ends here
